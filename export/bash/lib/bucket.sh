# shellcheck shell=bash
# The delivery bucket, whose settings are calls of their own.

bucket_call() { # ERRORS OPERATION NAME OPTION...
  local errors=$1 operation=$2 name=$3
  shift 3
  ask "$errors" s3api "$operation" --bucket "$name" --expected-bucket-owner "$account" "$@"
}

bucket_read() { # NAME
  if ! bucket_call '\((404|NoSuchBucket|403)\)' head-bucket "$1"; then
    if [[ $error == *'(403)'* ]]; then
      fail "$1: another account has a bucket of this name, or you lack s3:ListBucket"
    fi
    return 1
  fi
  if bucket_call 'NoSuchTagSet' get-bucket-tagging "$1" --query "$(verdict list TagSet)"; then
    judge "$answer"
  else
    judge $'false\ttrue\tfalse\t'
  fi
}

bucket_create() { # NAME
  local place=()
  if [[ $region != us-east-1 ]]; then # where S3 takes no constraint
    place=(--create-bucket-configuration "LocationConstraint=$region")
  fi
  insist OperationAborted s3api create-bucket --bucket "$1" --object-ownership "$bucket_ownership" ${place[@]+"${place[@]}"}
  judge $'false\ttrue\tfalse\t'
  bucket_update "$1"
}

# Tags come first: they tell whose the bucket is.
bucket_update() { # NAME
  local policy
  bucket_retag "$1"
  bucket_set "$1" 'public access' NoSuchPublicAccessBlockConfiguration get-public-access-block \
    "PublicAccessBlockConfiguration.[BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets] == \`[$bucket_public_access_blocked, $bucket_public_access_blocked, $bucket_public_access_blocked, $bucket_public_access_blocked]\`" \
    put-public-access-block --public-access-block-configuration \
    "BlockPublicAcls=$bucket_public_access_blocked,BlockPublicPolicy=$bucket_public_access_blocked,IgnorePublicAcls=$bucket_public_access_blocked,RestrictPublicBuckets=$bucket_public_access_blocked"
  bucket_set "$1" ownership OwnershipControlsNotFoundError get-bucket-ownership-controls \
    "OwnershipControls.Rules[0].ObjectOwnership == '$bucket_ownership'" \
    put-bucket-ownership-controls --ownership-controls "Rules=[{ObjectOwnership=$bucket_ownership}]"
  bucket_set "$1" encryption ServerSideEncryptionConfigurationNotFoundError get-bucket-encryption \
    "ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm == '$bucket_encryption'" \
    put-bucket-encryption --server-side-encryption-configuration \
    "{\"Rules\": [{\"ApplyServerSideEncryptionByDefault\": {\"SSEAlgorithm\": \"$bucket_encryption\"}}]}"
  bucket_set "$1" versioning '' get-bucket-versioning "Status == '$bucket_versioning'" \
    put-bucket-versioning --versioning-configuration "Status=$bucket_versioning"
  bucket_set "$1" lifecycle NoSuchLifecycleConfiguration get-bucket-lifecycle-configuration \
    "$(equal @ "$(bucket_lifecycle)" 'sort_by(Rules, &ID)[].{ID: ID, Status: Status, Prefix: Filter.Prefix || Prefix,
      Abort: AbortIncompleteMultipartUpload, Old: NoncurrentVersionExpiration, Expiration: Expiration, Transitions: Transitions[0]}')" \
    put-bucket-lifecycle-configuration --lifecycle-configuration "$(bucket_lifecycle)"
  bucket_measure "$1"
  policy=$(bucket_policy)
  if ! bucket_call 'NoSuchBucketPolicy|NoSuchBucket' get-bucket-policy "$1" --query Policy || [[ $(terms "$answer") != "$(terms "$policy")" ]]; then
    insist 'OperationAborted|NoSuchBucket' s3api put-bucket-policy --bucket "$1" --expected-bucket-owner "$account" --policy "$policy"
    changed policy
  fi
}

# terms are a document's in any order: S3 keeps neither spaces nor the order of lists.
terms() { # DOCUMENT
  tr -s '[:space:][]{},:' '\n' <<<"$1" | LC_ALL=C sort
}

bucket_set() { # NAME WHAT ERROR-IF-NOT-SET GET QUERY PUT OPTION...
  local name=$1 what=$2 unset=$3 get=$4 query=$5 put=$6
  shift 6
  if bucket_call "${unset:+$unset|}NoSuchBucket" "$get" "$name" --query "$query" && [[ $answer == True ]]; then
    return 0
  fi
  # S3 aborts what meets another operation, and may not know a new bucket everywhere.
  insist 'OperationAborted|NoSuchBucket' s3api "$put" --bucket "$name" --expected-bucket-owner "$account" "$@"
  changed "$what"
}

# bucket_retag replaces all tags, so those of AWS itself have to go along.
bucket_retag() { # NAME
  local set
  if [[ $tagged == true && ${#surplus[@]} == 0 ]]; then
    return 0
  fi
  set=$(tag_list)
  if bucket_call 'NoSuchTagSet|NoSuchBucket' get-bucket-tagging "$1" --output json --query "TagSet[?starts_with(Key, 'aws:')]" && [[ $answer == *Key* ]]; then
    set="${set%]}, ${answer#*[}"
  fi
  insist 'OperationAborted|NoSuchBucket' s3api put-bucket-tagging --bucket "$1" --expected-bucket-owner "$account" --tagging "{\"TagSet\": $set}"
  changed tags
}

bucket_measure() { # NAME
  if bucket_call 'NoSuchConfiguration|NoSuchBucket' get-bucket-metrics-configuration "$1" --id "$bucket_request_metrics"; then
    return 0
  fi
  insist 'OperationAborted|NoSuchBucket' s3api put-bucket-metrics-configuration --bucket "$1" --expected-bucket-owner "$account" \
    --id "$bucket_request_metrics" --metrics-configuration "Id=$bucket_request_metrics"
  changed 'request metrics'
}

# bucket_delete empties the bucket of every version first, and again while something
# still arrives.
bucket_delete() { # NAME
  local deadline=$((SECONDS + patience))
  if [[ ${AWS_ENDPOINT_URL_S3-${AWS_ENDPOINT_URL-}} == http:* ]]; then
    # The bucket's own policy refuses whoever does not use TLS.
    bucket_call '' delete-bucket-policy "$1"
  fi
  bucket_empty "$1"
  until bucket_call 'BucketNotEmpty|OperationAborted|NoSuchBucket' delete-bucket "$1"; do
    if [[ $error == *NoSuchBucket* ]]; then
      return 0
    fi
    if ((SECONDS > deadline)); then
      fail "$1: something still writes to it: $error"
    fi
    bucket_empty "$1"
  done
}

bucket_empty() { # NAME
  local key id
  bucket_call '' list-multipart-uploads "$1" --query 'Uploads[].[UploadId, Key]'
  while IFS=$'\t' read -r id key; do
    if [[ -n $key ]]; then
      bucket_call NoSuchUpload abort-multipart-upload "$1" --key "$key" --upload-id "$id" || true
    fi
  done <<<"$answer"
  while
    bucket_call '' list-object-versions "$1" --no-paginate --output json \
      --query "{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}, Quiet: \`true\`}"
    [[ $answer == *VersionId* ]]
  do
    # In a file: a thousand versions may be too long for a command line.
    printf '%s\n' "$answer" >"$scratch.versions"
    bucket_call '' delete-objects "$1" --delete "file://$scratch.versions" --query 'Errors[0].[Key, Code, Message]'
    if [[ $answer != None && -n $answer ]]; then
      fail "$1: could not be emptied: $answer"
    fi
  done
}
