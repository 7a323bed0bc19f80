package main

import (
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// set fills in what AWS and the provider would: ARNs, and the tags with those that all
// resources have.
func (p *provider) set(kind string, fields map[string]tftypes.Value) error {
	if form, ok := arns[kind]; ok {
		arn, err := p.arn(form, fields)
		if err != nil {
			return err
		}
		fields["arn"] = arn
	}
	if _, ok := fields["uuid"]; ok {
		fields["uuid"] = tftypes.NewValue(tftypes.String, p.place.mapping)
	}
	for name, v := range fields {
		if (name == "arn" || name == "id") && (v.IsNull() || !v.IsKnown()) {
			fields[name] = tftypes.NewValue(tftypes.String, kind)
		}
		if name == "region" && !v.IsKnown() {
			fields[name] = tftypes.NewValue(tftypes.String, nil)
		}
	}
	if _, ok := fields["tags_all"]; !ok {
		return nil
	}
	tags := fields["tags"]
	if !tags.IsFullyKnown() {
		fields["tags_all"] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, tftypes.UnknownValue)
		return nil
	}
	all := maps.Clone(p.tags)
	if !tags.IsNull() {
		var own map[string]tftypes.Value
		if err := tags.As(&own); err != nil {
			return err
		}
		maps.Copy(all, own)
	}
	fields["tags_all"] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, all)
	return nil
}

// arns has the form of an ARN, with the attribute that it ends with behind a blank.
var arns = map[string]string{
	"aws_kinesis_stream":             "arn:PARTITION:kinesis:REGION:ACCOUNT:stream/ name",
	"aws_dynamodb_table":             "arn:PARTITION:dynamodb:REGION:ACCOUNT:table/ name",
	"aws_s3_bucket":                  "arn:PARTITION:s3::: bucket",
	"aws_iam_role":                   "arn:PARTITION:iam::ACCOUNT:role/ name",
	"aws_cloudwatch_log_group":       "arn:PARTITION:logs:REGION:ACCOUNT:log-group: name",
	"aws_lambda_function":            "arn:PARTITION:lambda:REGION:ACCOUNT:function: function_name",
	"aws_sns_topic":                  "arn:PARTITION:sns:REGION:ACCOUNT: name",
	"aws_cloudwatch_metric_alarm":    "arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm: alarm_name",
	"aws_cloudwatch_composite_alarm": "arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm: alarm_name",
}

func (p *provider) arn(form string, fields map[string]tftypes.Value) (tftypes.Value, error) {
	before, attribute, _ := strings.Cut(form, " ")
	if !fields[attribute].IsKnown() {
		return tftypes.NewValue(tftypes.String, tftypes.UnknownValue), nil
	}
	var name string
	if err := fields[attribute].As(&name); err != nil {
		return tftypes.Value{}, err
	}
	before = strings.NewReplacer("PARTITION", p.place.partition, "REGION", p.place.region, "ACCOUNT", p.place.account).Replace(before)
	return tftypes.NewValue(tftypes.String, before+name), nil
}
