package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// place is where the resources would be.
type place struct {
	account, region, partition string
	mapping                    string // UUID of an event source mapping
	keeps                      string // type of the resources that are not deleted
}

// provider answers Terraform. What no test needs is not implemented: the embedded
// interface would end the program.
type provider struct {
	tfprotov5.ProviderServer
	kinds map[string]*tfprotov5.Schema
	place place
	tags  map[string]tftypes.Value // default_tags
}

func (p *provider) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	answer := &tfprotov5.GetMetadataResponse{ServerCapabilities: &tfprotov5.ServerCapabilities{}}
	for name := range p.kinds {
		if data, ok := strings.CutPrefix(name, "data."); ok {
			answer.DataSources = append(answer.DataSources, tfprotov5.DataSourceMetadata{TypeName: data})
			continue
		}
		answer.Resources = append(answer.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	return answer, nil
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	answer := &tfprotov5.GetProviderSchemaResponse{
		Provider: providerSchema(), ServerCapabilities: &tfprotov5.ServerCapabilities{},
		ResourceSchemas: map[string]*tfprotov5.Schema{}, DataSourceSchemas: map[string]*tfprotov5.Schema{},
	}
	for name, schema := range p.kinds {
		if data, ok := strings.CutPrefix(name, "data."); ok {
			answer.DataSourceSchemas[data] = schema
			continue
		}
		answer.ResourceSchemas[name] = schema
	}
	return answer, nil
}

func (p *provider) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (p *provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (p *provider) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil // Terraform itself knows the schema
}

func (p *provider) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

// ConfigureProvider takes the region and the tags that all resources get.
func (p *provider) ConfigureProvider(_ context.Context, r *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := fieldsOf(r.Config, providerSchema().ValueType())
	if err != nil {
		return nil, err
	}
	if !config["region"].IsNull() {
		if err := config["region"].As(&p.place.region); err != nil {
			return nil, err
		}
	}
	var blocks []tftypes.Value
	if err := config["default_tags"].As(&blocks); err != nil {
		return nil, err
	}
	p.tags = map[string]tftypes.Value{}
	for _, block := range blocks {
		var fields map[string]tftypes.Value
		if err := block.As(&fields); err != nil {
			return nil, err
		}
		if err := fields["tags"].As(&p.tags); err != nil {
			return nil, err
		}
	}
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func fieldsOf(v *tfprotov5.DynamicValue, of tftypes.Type) (map[string]tftypes.Value, error) {
	whole, err := v.Unmarshal(of)
	if err != nil {
		return nil, err
	}
	var fields map[string]tftypes.Value
	if whole.IsNull() {
		return nil, nil
	}
	return fields, whole.As(&fields)
}

func (p *provider) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	of := p.kinds["data."+r.TypeName].ValueType()
	fields, err := fieldsOf(r.Config, of)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"account_id": p.place.account, "partition": p.place.partition, "region": p.place.region, "id": r.TypeName} {
		if _, ok := fields[name]; ok {
			fields[name] = tftypes.NewValue(tftypes.String, value)
		}
	}
	state, err := tfprotov5.NewDynamicValue(of, tftypes.NewValue(of, fields))
	return &tfprotov5.ReadDataSourceResponse{State: &state}, err
}

func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	of := p.kinds[r.TypeName].ValueType()
	v, err := r.RawState.Unmarshal(of)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.TypeName, err)
	}
	state, err := tfprotov5.NewDynamicValue(of, v)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

// ReadResource finds everything as it has been applied.
func (p *provider) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: r.CurrentState}, nil
}

// PlanResourceChange plans what is configured, with what the provider sets.
func (p *provider) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	schema := p.kinds[r.TypeName]
	of := schema.ValueType()
	fields, err := fieldsOf(r.ProposedNewState, of)
	if err != nil {
		return nil, err
	}
	if fields == nil {
		return &tfprotov5.PlanResourceChangeResponse{PlannedState: r.ProposedNewState}, nil
	}
	if err := p.set(r.TypeName, fields); err != nil {
		return nil, fmt.Errorf("%s: %w", r.TypeName, err)
	}
	planned, err := tfprotov5.NewDynamicValue(of, tftypes.NewValue(of, fields))
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &planned}, err
}

// ApplyResourceChange refuses nothing but to delete what PROVIDER_KEEPS names, as AWS
// does with a bucket that has objects.
func (p *provider) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	planned, err := fieldsOf(r.PlannedState, p.kinds[r.TypeName].ValueType())
	if err != nil {
		return nil, err
	}
	if planned == nil && r.TypeName == p.place.keeps {
		return &tfprotov5.ApplyResourceChangeResponse{NewState: r.PriorState, Diagnostics: []*tfprotov5.Diagnostic{{
			Severity: tfprotov5.DiagnosticSeverityError, Summary: "it is not empty",
		}}}, nil
	}
	return &tfprotov5.ApplyResourceChangeResponse{NewState: r.PlannedState}, nil
}

func (p *provider) GetFunctions(context.Context, *tfprotov5.GetFunctionsRequest) (*tfprotov5.GetFunctionsResponse, error) {
	return &tfprotov5.GetFunctionsResponse{}, nil
}
