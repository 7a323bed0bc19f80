import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Environment } from './parameters';

/** Settings that are not the same in all environments. */
export interface Settings {
  readonly tagTeam: string;
  readonly streamMode: kinesis.StreamMode;
  readonly pointInTimeRecoveryEnabled: boolean;
  readonly deletionProtection: boolean;
  readonly retention: logs.RetentionDays;
}

export const settingsOf: Record<Environment, Settings> = {
  dev: {
    tagTeam: 'data and insight',
    streamMode: kinesis.StreamMode.PROVISIONED,
    pointInTimeRecoveryEnabled: false,
    deletionProtection: false,
    retention: logs.RetentionDays.ONE_WEEK,
  },
  staging: {
    tagTeam: 'data and insight',
    streamMode: kinesis.StreamMode.PROVISIONED,
    pointInTimeRecoveryEnabled: false,
    deletionProtection: false,
    retention: logs.RetentionDays.THREE_MONTHS,
  },
  prod: {
    tagTeam: 'retail',
    streamMode: kinesis.StreamMode.ON_DEMAND,
    pointInTimeRecoveryEnabled: true,
    deletionProtection: true,
    retention: logs.RetentionDays.THREE_MONTHS,
  },
};
