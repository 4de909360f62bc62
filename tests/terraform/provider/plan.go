package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// configured has the provider's own arguments that the values of resources are made of.
type configured struct {
	project, region, zone string
	labels                map[string]string
}

func readConfiguration(config tftypes.Value) configured {
	members := membersOf(config)
	read := configured{textOf(members["project"]), textOf(members["region"]), textOf(members["zone"]),
		map[string]string{}}
	// The provider adds a label of its own unless it is told not to.
	adds := true
	if value := members["add_terraform_attribution_label"]; value.IsKnown() && !value.IsNull() {
		must(value.As(&adds))
	}
	if adds {
		read.labels["goog-terraform-provisioned"] = "true"
	}
	if labels := members["default_labels"]; labels.IsKnown() && !labels.IsNull() {
		for name, value := range membersOf(labels) {
			read.labels[name] = textOf(value)
		}
	}
	return read
}

// plan returns the planned state, and the paths whose changes replace the resource.
//
// proposed is Terraform's own merge of the configuration and of the prior state: an attribute without a value in the
// configuration has its prior value if it is computed, else none.
func (c *catalog) plan(resource string, own configured, prior, proposed tftypes.Value) (
	tftypes.Value, []*tftypes.AttributePath, error) {
	b, rules := c.resources[resource], c.rules[resource].Rules
	planned := changeAttributes(b, proposed, "", func(path string, a attribute, value tftypes.Value) tftypes.Value {
		switch {
		case a.WriteOnly:
			return null(a.Type.Type)
		case !value.IsNull():
			return value
		case own.of(path) != "" && a.Computed:
			return tftypes.NewValue(tftypes.String, own.of(path))
		}
		if set := defaultOf(path, a, rules); set != nil {
			return valueOf(a.Type.Type, set)
		}
		if a.Computed {
			return unknown(a.Type.Type)
		}
		return value
	})
	if a, exists := b.Attributes["project"]; exists && a.Computed && !membersOf(planned)["project"].IsKnown() {
		return planned, nil, fmt.Errorf("project: required field is not set, neither here nor in the provider")
	}
	planned = own.withLabels(b, planned)
	if prior.IsNull() {
		return planned, nil, nil
	}
	replaced, err := replacedBy(rules, prior, planned)
	return planned, replaced, err
}

func (own configured) of(path string) string {
	return map[string]string{"project": own.project, "region": own.region, "zone": own.zone}[path]
}

func defaultOf(path string, a attribute, rules []rule) any {
	for _, rule := range rules {
		if rule.Kind == "default" && slices.Contains(rule.Paths, path) {
			return rule.Value
		}
	}
	return a.Default
}

// withLabels sets the labels that the resource has in the end: those of the provider, and its own.
func (own configured) withLabels(b block, planned tftypes.Value) tftypes.Value {
	if _, exists := b.Attributes["effective_labels"]; !exists {
		return planned
	}
	members := membersOf(planned)
	mapType := members["effective_labels"].Type()
	all := unknown(mapType)
	if labels := members["labels"]; labels.IsKnown() {
		values := map[string]tftypes.Value{}
		for name, value := range own.labels {
			values[name] = tftypes.NewValue(tftypes.String, value)
		}
		if !labels.IsNull() {
			maps.Copy(values, membersOf(labels))
		}
		all = tftypes.NewValue(mapType, values)
	}
	for _, name := range []string{"effective_labels", "terraform_labels"} {
		if _, exists := members[name]; exists {
			members[name] = all
		}
	}
	return tftypes.NewValue(planned.Type(), members)
}

// replacedBy returns the paths of the changed values whose change replaces the resource.
func replacedBy(rules []rule, prior, planned tftypes.Value) ([]*tftypes.AttributePath, error) {
	differences, err := planned.Diff(prior)
	if err != nil {
		return nil, err
	}
	var replaced []*tftypes.AttributePath
	for _, difference := range differences {
		path, names := namesOf(difference.Path)
		for _, rule := range rules {
			applies := rule.Kind == "replaces" || rule.Kind == "shrinking_replaces" && shrinks(difference)
			if applies && slices.ContainsFunc(rule.Paths, func(of string) bool {
				return names == of || strings.HasPrefix(names, of+".")
			}) {
				replaced = append(replaced, path)
			}
		}
	}
	return replaced, nil
}

// shrinks tells whether a number is planned to be smaller.
func shrinks(difference tftypes.ValueDiff) bool {
	planned, prior := numberOf(difference.Value1), numberOf(difference.Value2)
	return planned != nil && prior != nil && planned.Cmp(prior) < 0
}

// namesOf returns the path down to the first set, and all names on the whole path.
func namesOf(path *tftypes.AttributePath) (*tftypes.AttributePath, string) {
	var names []string
	steps := path.Steps()
	for i, step := range path.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			names = append(names, string(step))
		case tftypes.ElementKeyValue:
			if i < len(steps) {
				steps = steps[:i]
			}
		}
	}
	return tftypes.NewAttributePathWithSteps(steps), strings.Join(names, ".")
}

// protection returns an error if a rule forbids the end of a resource with this state.
func protection(rules []rule, resource string, state tftypes.Value) []*tfprotov5.Diagnostic {
	for _, rule := range rules {
		if rule.Kind != "protects" {
			continue
		}
		for _, path := range rule.Paths {
			for _, at := range find(located{path: tftypes.NewAttributePath(), value: state}, strings.Split(path, ".")) {
				var protects bool
				if at.value.IsKnown() && !at.value.IsNull() {
					must(at.value.As(&protects))
				}
				if protects {
					return []*tfprotov5.Diagnostic{failure(nil, fmt.Sprintf(
						"%s cannot be destroyed while %s is true. Set it to false and apply first.", resource, path))}
				}
			}
		}
	}
	return nil
}
