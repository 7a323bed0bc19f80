# shellcheck shell=bash
# The topic that alarms tell, and who is told by mail.

topic_arn() { # NAME
  printf 'arn:%s:sns:%s:%s:%s' "$partition" "$region" "$account" "$1"
}

topic_read() { # NAME
  ask NotFound sns get-topic-attributes --topic-arn "$(topic_arn "$1")" --query Attributes.Policy || return 1
  shown_policy=$answer
  ask NotFound sns list-tags-for-resource --resource-arn "$(topic_arn "$1")" --query "$(verdict list Tags)" || return 1
  judge "$answer"
}

topic_create() { # NAME
  ask '' sns create-topic --name "$1" --attributes "$(topic_attributes)" --tags "$(tag_list)"
}

# topic_attributes has the policy as a text within JSON.
topic_attributes() {
  local policy
  policy=$(topic_policy)
  policy=${policy//\\/\\\\}
  policy=${policy//\"/\\\"}
  printf '{"Policy": "%s"}' "${policy//$'\n'/ }"
}

topic_update() { # NAME
  local policy
  policy=$(topic_policy)
  retag list sns tag-resource untag-resource --resource-arn "$(topic_arn "$1")"
  if [[ $(terms "$shown_policy") != "$(terms "$policy")" ]]; then
    ask '' sns set-topic-attributes --topic-arn "$(topic_arn "$1")" --attribute-name Policy --attribute-value "$policy"
    changed policy
  fi
}

# topic_delete takes the subscriptions along, those that nobody has confirmed too.
topic_delete() { # NAME
  ask '' sns delete-topic --topic-arn "$(topic_arn "$1")"
}

# A subscription is known by its address: it has no ARN before it is confirmed. It has no
# tags: those of its topic, whose ARN is recorded as its ID, say whose it is.
subscription_read() { # ADDRESS TOPIC
  local arn address wanted
  ask NotFound sns list-subscriptions-by-topic --topic-arn "$2" \
    --query "Subscriptions[?Protocol=='email' && SubscriptionArn!='Deleted'].[SubscriptionArn, Endpoint]" || return 1
  wanted=$(tr '[:upper:]' '[:lower:]' <<<"$1")
  while IFS=$'\t' read -r arn address; do
    if [[ $(tr '[:upper:]' '[:lower:]' <<<"$address") == "$wanted" ]]; then
      shown_arn=$arn
      ask NotFound sns list-tags-for-resource --resource-arn "$2" --query "$(verdict list Tags)" || return 1
      judge "$answer"
      return 0
    fi
  done <<<"$answer"
  return 1
}

subscription_create() { # ADDRESS TOPIC
  remember subscription "$1" "$2"
  insist NotFound sns subscribe --topic-arn "$2" --protocol email --notification-endpoint "$1"
  say "  $1 gets a mail that asks to confirm the subscription; until then it is told nothing"
}

subscription_update() { # ADDRESS TOPIC
  remember subscription "$1" "$2"
}

subscription_delete() { # ADDRESS TOPIC
  if subscription_read "$1" "$2" && [[ $shown_arn == arn:* ]]; then # otherwise it goes with its topic
    ask NotFound sns unsubscribe --subscription-arn "$shown_arn" || true
  fi
}
