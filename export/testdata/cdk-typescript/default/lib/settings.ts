import { Environment } from './parameters';

/** Settings that are not the same in all environments. */
export interface Settings {
  readonly pointInTimeRecoveryEnabled: boolean;
  readonly deletionProtection: boolean;
  readonly maxBatchingWindow: number;
}

export const settingsOf: Record<Environment, Settings> = {
  dev: {
    pointInTimeRecoveryEnabled: false,
    deletionProtection: false,
    maxBatchingWindow: 1,
  },
  staging: {
    pointInTimeRecoveryEnabled: false,
    deletionProtection: false,
    maxBatchingWindow: 5,
  },
  prod: {
    pointInTimeRecoveryEnabled: true,
    deletionProtection: true,
    maxBatchingWindow: 5,
  },
};
