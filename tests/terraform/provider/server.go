package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// server answers Terraform's calls. It keeps nothing between them but the provider's own arguments.
type server struct {
	catalog    *catalog
	configured configured
	unused
}

func (s *server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	response := &tfprotov5.GetMetadataResponse{ServerCapabilities: capabilities()}
	for _, name := range sortedNames(s.catalog.resources) {
		response.Resources = append(response.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for _, name := range sortedNames(s.catalog.dataSources) {
		response.DataSources = append(response.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	for _, name := range sortedNames(s.catalog.ephemeral) {
		response.EphemeralResources = append(response.EphemeralResources,
			tfprotov5.EphemeralResourceMetadata{TypeName: name})
	}
	return response, nil
}

func capabilities() *tfprotov5.ServerCapabilities {
	return &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true}
}

func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (
	*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{
		ServerCapabilities:       capabilities(),
		Provider:                 schemaOf(s.catalog.provider),
		ResourceSchemas:          schemasOf(s.catalog.resources),
		DataSourceSchemas:        schemasOf(s.catalog.dataSources),
		EphemeralResourceSchemas: schemasOf(s.catalog.ephemeral),
	}, nil
}

func (s *server) PrepareProviderConfig(_ context.Context, request *tfprotov5.PrepareProviderConfigRequest) (
	*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (s *server) ConfigureProvider(_ context.Context, request *tfprotov5.ConfigureProviderRequest) (
	*tfprotov5.ConfigureProviderResponse, error) {
	config, err := request.Config.Unmarshal(typeOf(s.catalog.provider))
	if err != nil {
		return nil, err
	}
	s.configured = readConfiguration(config)
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (
	*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (s *server) ValidateResourceTypeConfig(_ context.Context, request *tfprotov5.ValidateResourceTypeConfigRequest) (
	*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	b := s.catalog.resources[request.TypeName]
	config, err := request.Config.Unmarshal(typeOf(b))
	if err != nil {
		return nil, err
	}
	found := validate(b, s.catalog.rules[request.TypeName].Rules, config)
	return &tfprotov5.ValidateResourceTypeConfigResponse{Diagnostics: found}, nil
}

func (s *server) UpgradeResourceState(_ context.Context, request *tfprotov5.UpgradeResourceStateRequest) (
	*tfprotov5.UpgradeResourceStateResponse, error) {
	of := typeOf(s.catalog.resources[request.TypeName])
	state, err := request.RawState.Unmarshal(of)
	if err != nil {
		return nil, err
	}
	upgraded, err := tfprotov5.NewDynamicValue(of, state)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &upgraded}, err
}

// ReadResource finds each resource as it was left: a test that needs another one changes the file of the state.
func (s *server) ReadResource(_ context.Context, request *tfprotov5.ReadResourceRequest) (
	*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: request.CurrentState, Private: request.Private}, nil
}

func (s *server) PlanResourceChange(_ context.Context, request *tfprotov5.PlanResourceChangeRequest) (
	*tfprotov5.PlanResourceChangeResponse, error) {
	of := typeOf(s.catalog.resources[request.TypeName])
	prior, err := request.PriorState.Unmarshal(of)
	if err != nil {
		return nil, err
	}
	proposed, err := request.ProposedNewState.Unmarshal(of)
	if err != nil {
		return nil, err
	}
	// The provider that this one stands in for was written for Terraform before 0.12, and plans defaults.
	response := &tfprotov5.PlanResourceChangeResponse{UnsafeToUseLegacyTypeSystem: true}
	planned, replaced, err := s.catalog.plan(request.TypeName, s.configured, prior, proposed)
	if err != nil {
		response.Diagnostics = []*tfprotov5.Diagnostic{failure(nil, err.Error())}
		return response, nil
	}
	state, err := tfprotov5.NewDynamicValue(of, planned)
	response.PlannedState, response.RequiresReplace = &state, replaced
	return response, err
}

func (s *server) ApplyResourceChange(_ context.Context, request *tfprotov5.ApplyResourceChangeRequest) (
	*tfprotov5.ApplyResourceChangeResponse, error) {
	b := s.catalog.resources[request.TypeName]
	of := typeOf(b)
	planned, err := request.PlannedState.Unmarshal(of)
	if err != nil {
		return nil, err
	}
	if planned.IsNull() {
		prior, err := request.PriorState.Unmarshal(of)
		if err != nil {
			return nil, err
		}
		if refused := protection(s.catalog.rules[request.TypeName].Rules, request.TypeName, prior); refused != nil {
			return &tfprotov5.ApplyResourceChangeResponse{NewState: request.PriorState, Diagnostics: refused}, nil
		}
		return &tfprotov5.ApplyResourceChangeResponse{NewState: request.PlannedState}, nil
	}
	state, err := tfprotov5.NewDynamicValue(of, s.catalog.values.fill(request.TypeName, b, planned))
	return &tfprotov5.ApplyResourceChangeResponse{NewState: &state, UnsafeToUseLegacyTypeSystem: true}, err
}

func (s *server) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (
	*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (s *server) ReadDataSource(_ context.Context, request *tfprotov5.ReadDataSourceRequest) (
	*tfprotov5.ReadDataSourceResponse, error) {
	b := s.catalog.dataSources[request.TypeName]
	config, err := request.Config.Unmarshal(typeOf(b))
	if err != nil {
		return nil, err
	}
	values, found := s.catalog.fixtureFor(request.TypeName, config)
	if !found {
		return &tfprotov5.ReadDataSourceResponse{Diagnostics: []*tfprotov5.Diagnostic{failure(nil, fmt.Sprintf(
			"%s: fixtures.json has nothing for these arguments", request.TypeName))}}, nil
	}
	state, err := tfprotov5.NewDynamicValue(config.Type(), s.complete(request.TypeName, b, config, values))
	return &tfprotov5.ReadDataSourceResponse{State: &state}, err
}

// fixtureFor returns the values for a configuration that has all the values to match.
func (c *catalog) fixtureFor(source string, config tftypes.Value) (map[string]any, bool) {
	members := membersOf(config)
	for _, fixture := range c.fixtures[source] {
		matches := true
		for name, value := range fixture.Match {
			matches = matches && textOf(members[name]) == value
		}
		if matches {
			return fixture.Values, true
		}
	}
	return nil, false
}

// complete returns the configuration with these values, and with other values for all else that is computed.
func (s *server) complete(name string, b block, config tftypes.Value, values map[string]any) tftypes.Value {
	open := changeAttributes(b, config, "", func(path string, a attribute, value tftypes.Value) tftypes.Value {
		fixed, isFixed := values[path]
		switch {
		case !value.IsNull():
			return value
		case isFixed:
			return valueOf(a.Type.Type, fixed)
		case a.Computed && s.configured.of(path) != "":
			return tftypes.NewValue(tftypes.String, s.configured.of(path))
		case a.Computed:
			return unknown(a.Type.Type)
		}
		return value
	})
	return s.catalog.values.fill(name, b, open)
}

func (s *server) ValidateEphemeralResourceConfig(context.Context, *tfprotov5.ValidateEphemeralResourceConfigRequest) (
	*tfprotov5.ValidateEphemeralResourceConfigResponse, error) {
	return &tfprotov5.ValidateEphemeralResourceConfigResponse{}, nil
}

func (s *server) OpenEphemeralResource(_ context.Context, request *tfprotov5.OpenEphemeralResourceRequest) (
	*tfprotov5.OpenEphemeralResourceResponse, error) {
	b := s.catalog.ephemeral[request.TypeName]
	config, err := request.Config.Unmarshal(typeOf(b))
	if err != nil {
		return nil, err
	}
	result, err := tfprotov5.NewDynamicValue(config.Type(), s.complete(request.TypeName, b, config, nil))
	return &tfprotov5.OpenEphemeralResourceResponse{Result: &result}, err
}

func (s *server) CloseEphemeralResource(context.Context, *tfprotov5.CloseEphemeralResourceRequest) (
	*tfprotov5.CloseEphemeralResourceResponse, error) {
	return &tfprotov5.CloseEphemeralResourceResponse{}, nil
}

func typeOf(b block) tftypes.Type { return schemaOf(b).ValueType() }
