# shellcheck shell=bash
# The dashboard.

dashboard_arn() { # NAME
  printf 'arn:%s:cloudwatch::%s:dashboard/%s' "$partition" "$account" "$1"
}

# dashboard_read goes by the text that says whose the dashboard is where tags of
# dashboards are not known.
dashboard_read() { # NAME
  ask 'ResourceNotFound|DashboardNotFoundError' cloudwatch get-dashboard --dashboard-name "$1" --query DashboardBody || return 1
  shown_body=$answer
  if ask 'ResourceNotFound|InvalidParameterValue|ValidationError' cloudwatch list-tags-for-resource \
    --resource-arn "$(dashboard_arn "$1")" --query "$(verdict list Tags)"; then
    judge "$answer"
  else
    judge $'false\ttrue\tfalse\t'
  fi
  if [[ $unclaimed == true && $shown_body == *"**$pipeline**"*"**$ENVIRONMENT**"*'managed by **bash**'* ]]; then
    judge $'true\tfalse\ttrue\t'
  fi
}

dashboard_create() { # NAME
  ask '' cloudwatch put-dashboard --dashboard-name "$1" --dashboard-body "$(dashboard_body)" --tags "$(tag_list)" \
    --query 'DashboardValidationMessages[].Message'
  if [[ -n $answer && $answer != None ]]; then
    say "  CloudWatch warns of the dashboard: $answer"
  fi
}

dashboard_update() { # NAME
  local body
  body=$(dashboard_body)
  retag list cloudwatch tag-resource untag-resource --resource-arn "$(dashboard_arn "$1")"
  if [[ ${shown_body//[[:space:]]/} != "${body//[[:space:]]/}" ]]; then
    ask '' cloudwatch put-dashboard --dashboard-name "$1" --dashboard-body "$body"
    changed body
  fi
}

dashboard_delete() { # NAME
  ask 'ResourceNotFound|DashboardNotFoundError' cloudwatch delete-dashboards --dashboard-names "$1" || true
}
