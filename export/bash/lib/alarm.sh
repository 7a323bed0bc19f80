# shellcheck shell=bash
# Alarms over metrics, and the one over all of them. Putting one replaces all of it but
# its tags. All are looked at in one call: there are many of them.

alarms_shown= # names of those that are there, each on a line
alarms_equal= # of those that are as they shall be
alarm_terms=  # of the query that tells

readonly alarm_metric="{Namespace: Namespace, Name: MetricName, Dimensions: sort_by(Dimensions || \`[]\`, &Name)}"
readonly alarm_view="{a: AlarmDescription, b: ComparisonOperator, c: Threshold, d: EvaluationPeriods, e: DatapointsToAlarm,
  f: TreatMissingData, g: AlarmActions, h: OKActions, i: Statistic, j: Period, k: $alarm_metric, l: ActionsEnabled,
  m: sort_by(Metrics || \`[]\`, &Id)[].{Id: Id, Expression: Expression, Metric: MetricStat.Metric.$alarm_metric,
    Statistic: MetricStat.Stat, Period: MetricStat.Period}}"
readonly composite_view='{a: AlarmDescription, b: AlarmRule, c: AlarmActions, d: OKActions, e: ActionsEnabled}'

alarm_arn() { # NAME
  printf 'arn:%s:cloudwatch:%s:%s:alarm:%s' "$partition" "$region" "$account" "$1"
}

alarms_describe() { # QUERY
  ask '' cloudwatch describe-alarms --alarm-name-prefix "$pipeline-$ENVIRONMENT-" --alarm-types MetricAlarm CompositeAlarm --query "$1"
}

alarm_read() { # NAME
  if [[ -z $alarms_shown ]]; then
    alarms_describe '[MetricAlarms, CompositeAlarms][].[AlarmName]'
    alarms_shown=$'\n'$answer$'\n'
  fi
  [[ $alarms_shown == *$'\n'"$1"$'\n'* ]] || return 1
  ask ResourceNotFound cloudwatch list-tags-for-resource --resource-arn "$(alarm_arn "$1")" --query "$(verdict list Tags)" || return 1
  judge "$answer"
}

alarm_create() { # NAME SETTINGS
  ask '' cloudwatch put-metric-alarm --alarm-name "$1" --cli-input-json "$("$2")" --tags "$(tag_list)"
}

alarm_update() { # NAME SETTINGS
  retag list cloudwatch tag-resource untag-resource --resource-arn "$(alarm_arn "$1")"
  if ! alarm_is_right "$1"; then
    ask '' cloudwatch put-metric-alarm --alarm-name "$1" --cli-input-json "$("$2")"
    changed settings
  fi
}

alarm_is_right() { # NAME
  if [[ -z $alarms_equal ]]; then
    pipeline alarm_compare
    alarms_describe "[$alarm_terms][].[@]"
    alarms_equal=$'\n'$answer$'\n'
  fi
  [[ $alarms_equal == *$'\n'"$1"$'\n'* ]]
}

alarm_compare() { # KIND NAME SETTINGS
  local list view
  case $1 in
    alarm) list=MetricAlarms view=$alarm_view ;;
    composite) list=CompositeAlarms view=$composite_view ;;
    *) return 0 ;;
  esac
  alarm_terms="$alarm_terms${alarm_terms:+, }${list}[?AlarmName=='$2' && $(equal @ "$("$3")" "$view")].AlarmName"
}

alarm_delete() { # NAME...
  drop ResourceNotFound 'depending on' cloudwatch delete-alarms --alarm-names "$@"
}

composite_read() { # NAME
  alarm_read "$1"
}

# An alarm of its rule may not show yet.
composite_create() { # NAME SETTINGS
  insist 'do(es)? not exist' cloudwatch put-composite-alarm --alarm-name "$1" --cli-input-json "$("$2")" --tags "$(tag_list)"
}

composite_update() { # NAME SETTINGS
  retag list cloudwatch tag-resource untag-resource --resource-arn "$(alarm_arn "$1")"
  if ! alarm_is_right "$1"; then
    insist 'do(es)? not exist' cloudwatch put-composite-alarm --alarm-name "$1" --cli-input-json "$("$2")"
    changed settings
  fi
}

composite_delete() { # NAME
  alarm_delete "$1"
}
