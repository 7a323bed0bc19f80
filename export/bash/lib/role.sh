# shellcheck shell=bash
# The execution role, with its one policy.

readonly role_policy_name=pipeline

role_read() { # NAME
  ask NoSuchEntity iam get-role --role-name "$1" --query "Role.[$(verdict list Tags),
    [$(equal AssumeRolePolicyDocument "$(role_trust)" @)], [Description]]" || return 1
  {
    read -r line
    read -r role_trusts
    read -r role_describes
  } <<<"$answer"
  judge "$line"
}

role_create() { # NAME
  create role "$1" EntityAlreadyExists iam create-role --role-name "$1" --description "$role_description" \
    --assume-role-policy-document "$(role_trust)" --tags "$(tag_list)"
  role_put_policy "$1"
}

# A role that was created a moment ago may not be known everywhere.
role_put_policy() { # NAME
  insist NoSuchEntity iam put-role-policy --role-name "$1" --policy-name "$role_policy_name" --policy-document "$(role_policy)"
}

role_update() { # NAME
  retag list iam tag-role untag-role --role-name "$1"
  if [[ $role_trusts != True ]]; then
    ask '' iam update-assume-role-policy --role-name "$1" --policy-document "$(role_trust)"
    changed trust
  fi
  if [[ $role_describes != "$role_description" ]]; then
    ask '' iam update-role --role-name "$1" --description "$role_description"
    changed description
  fi
  if ! ask NoSuchEntity iam get-role-policy --role-name "$1" --policy-name "$role_policy_name" \
    --query "$(equal PolicyDocument "$(role_policy)" @)" || [[ $answer != True ]]; then
    role_put_policy "$1"
    changed policy
  fi
}

# IAM deletes no role that has a policy, somebody else's or not.
role_delete() { # NAME
  local policy
  ask '' iam list-role-policies --role-name "$1" --query 'PolicyNames[].[@]'
  for policy in $answer; do
    ask NoSuchEntity iam delete-role-policy --role-name "$1" --policy-name "$policy" || true
  done
  ask '' iam list-attached-role-policies --role-name "$1" --query 'AttachedPolicies[].[PolicyArn]'
  for policy in $answer; do
    ask NoSuchEntity iam detach-role-policy --role-name "$1" --policy-arn "$policy" || true
  done
  drop NoSuchEntity 'DeleteConflict|ConcurrentModification' iam delete-role --role-name "$1"
}
