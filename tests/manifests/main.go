// Reads the files of deploy as Compose and kustomize read them, strictly, and prints them as JSON, for the tests:
//
//	manifests compose FILE       the project, with every profile
//	manifests kustomize FOLDER   the list of resources; each one fits the schema that Kubernetes publishes (schema.py)
//
// An error ends it with exit code 1 and a line for each fault.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

//go:embed kubernetes.json
var schemaText []byte

func compose(path string) ([]byte, error) {
	// No variable of the caller and no .env file: the defaults of the file count.
	options, err := cli.NewProjectOptions([]string{path}, cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}

// The name of the definition of each kind: {group, version, kind} -> name.
func definitions() (map[[3]string]string, *jsonschema.Compiler, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		return nil, nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("kubernetes.json", document); err != nil {
		return nil, nil, err
	}
	var schema struct {
		Defs map[string]struct {
			Kinds []struct{ Group, Version, Kind string } `json:"x-kubernetes-group-version-kind"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schemaText, &schema); err != nil {
		return nil, nil, err
	}
	names := map[[3]string]string{}
	for name, definition := range schema.Defs {
		for _, kind := range definition.Kinds {
			names[[3]string{kind.Group, kind.Version, kind.Kind}] = name
		}
	}
	return names, compiler, nil
}

func kustomize(folder string) ([]byte, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	names, compiler, err := definitions()
	if err != nil {
		return nil, err
	}
	found := []any{}
	for _, resource := range resources.Resources() {
		kind := resource.GetGvk()
		label := fmt.Sprintf("%s %s", kind.Kind, resource.GetName())
		name, known := names[[3]string{kind.Group, kind.Version, kind.Kind}]
		if !known {
			return nil, fmt.Errorf("%s: kubernetes.json has no schema for %s: add it to schema.py", label, kind)
		}
		schema, err := compiler.Compile("kubernetes.json#/$defs/" + name)
		if err != nil {
			return nil, err
		}
		text, err := resource.MarshalJSON()
		if err != nil {
			return nil, err
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if err := schema.Validate(value); err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
		found = append(found, value)
	}
	return json.Marshal(found)
}

func main() {
	commands := map[string]func(string) ([]byte, error){"compose": compose, "kustomize": kustomize}
	if len(os.Args) != 3 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "manifests: needs compose FILE or kustomize FOLDER")
		os.Exit(2)
	}
	text, err := commands[os.Args[1]](os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
	os.Stdout.Write(text)
}
