package main

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

// unused has the calls that the checks do not need. Each says so if Terraform makes it.
type unused struct{}

func (unused) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (
	*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (unused) GetFunctions(context.Context, *tfprotov5.GetFunctionsRequest) (*tfprotov5.GetFunctionsResponse, error) {
	return &tfprotov5.GetFunctionsResponse{}, nil
}

func (unused) ImportResourceState(context.Context, *tfprotov5.ImportResourceStateRequest) (
	*tfprotov5.ImportResourceStateResponse, error) {
	return nil, errors.New("this provider cannot import: it has no cloud to read from")
}

func (unused) MoveResourceState(context.Context, *tfprotov5.MoveResourceStateRequest) (
	*tfprotov5.MoveResourceStateResponse, error) {
	return nil, errors.New("this provider cannot move the state of one type of resource to another")
}

func (unused) UpgradeResourceIdentity(context.Context, *tfprotov5.UpgradeResourceIdentityRequest) (
	*tfprotov5.UpgradeResourceIdentityResponse, error) {
	return nil, errors.New("resources of this provider have no identity")
}

func (unused) GenerateResourceConfig(context.Context, *tfprotov5.GenerateResourceConfigRequest) (
	*tfprotov5.GenerateResourceConfigResponse, error) {
	return nil, errors.New("this provider cannot generate a configuration: it cannot import")
}

func (unused) CallFunction(context.Context, *tfprotov5.CallFunctionRequest) (*tfprotov5.CallFunctionResponse, error) {
	return nil, errors.New("this provider has no functions")
}

func (unused) RenewEphemeralResource(context.Context, *tfprotov5.RenewEphemeralResourceRequest) (
	*tfprotov5.RenewEphemeralResourceResponse, error) {
	return nil, errors.New("ephemeral resources of this provider need no renewal")
}
