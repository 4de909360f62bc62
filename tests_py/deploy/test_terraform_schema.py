"""scripts/terraform-schema reads the schema of a resource from TypeScript that was generated from it."""

import json

import pytest

from scripts.commands.terraform_schema import FOLDER, Module, service, write

# As in the package, without what is not read.
RESOURCE = '''
export interface FirewallConfig extends cdktf.TerraformMetaArguments {
  /**
  * Direction of traffic. Default value: "INGRESS" Possible values: ["INGRESS",
  * "EGRESS"]
  *
  * Docs at Terraform Registry: {@link https://example/docs/resources/firewall#direction Firewall#direction}
  */
  readonly direction?: string;
  /**
  * Docs at Terraform Registry: {@link https://example/docs/resources/firewall#name Firewall#name}
  */
  readonly name: string;
}
export interface FirewallAllow {
  /**
  * Docs at Terraform Registry: {@link https://example/docs/resources/firewall#protocol Firewall#protocol}
  */
  readonly protocol: string;
}
export function firewallAllowToHclTerraform(struct?: FirewallAllow | cdktf.IResolvable): any {
  const attrs = {
    protocol: {
      value: cdktf.stringToHclTerraform(struct!.protocol),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };
}
export class FirewallAllowOutputReference extends cdktf.ComplexObject {
  // protocol - computed: false, optional: false, required: true
  private _protocol?: string;
  public get protocol() {
    return this.getStringAttribute('protocol');
  }
}
export class FirewallAllowList extends cdktf.ComplexList {
}
export interface FirewallStatus {
}
export class FirewallStatusOutputReference extends cdktf.ComplexObject {
  // locked - computed: true, optional: false, required: false
  public get locked() {
    return this.getBooleanAttribute('locked');
  }
}
export class FirewallStatusList extends cdktf.ComplexList {
}
export class Firewall extends cdktf.TerraformResource {
  // direction - computed: true, optional: true, required: false
  private _direction?: string;
  public get direction() {
    return this.getStringAttribute('direction');
  }

  // name - computed: false, optional: false, required: true
  private _name?: string;
  public get name() {
    return this.getStringAttribute('name');
  }

  // password_wo - computed: false, optional: true, required: false
  private _passwordWo?: string;
  public get passwordWo() {
    return this.getStringAttribute('password_wo');
  }

  // source_ranges - computed: false, optional: true, required: false
  private _sourceRanges?: string[];
  public get sourceRanges() {
    return cdktf.Fn.tolist(this.getListAttribute('source_ranges'));
  }

  // status - computed: true, optional: false, required: false
  private _status = new FirewallStatusList(this, "status", false);

  // allow - computed: false, optional: false, required: true
  private _allow = new FirewallAllowList(this, "allow", true);

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      allow: {
        value: cdktf.listMapperHcl(firewallAllowToHclTerraform, true)(this._allow.internalValue),
        isBlock: true,
        type: "set",
        storageClassType: "FirewallAllowList",
      },
    };
  }
}
'''
SCHEMA = {
    "attributes": {
        "direction": {"type": "string", "optional": True, "computed": True, "one_of": ["INGRESS", "EGRESS"],
                      "default": "INGRESS"},
        "name": {"type": "string", "required": True},
        "password_wo": {"type": "string", "optional": True, "write_only": True},
        "source_ranges": {"type": ["set", "string"], "optional": True},
        "status": {"type": ["list", ["object", {"locked": "bool"}]], "computed": True},
    },
    "block_types": {
        "allow": {"nesting_mode": "set", "min_items": 1,
                  "block": {"attributes": {"protocol": {"type": "string", "required": True}}}},
    },
}


def test_sets_computed_and_write_only_attributes_documented_values_and_blocks_are_read():
    assert Module(RESOURCE).schema() == SCHEMA


@pytest.mark.parametrize(("before", "after", "changed"), [
    ("cdktf.listMapperHcl(firewallAllowToHclTerraform, true)", "firewallAllowToHclTerraform", {"max_items": 1}),
    ('"allow", true)', '"allow", false)', None)])
def test_a_single_block_has_a_limit_and_a_contradiction_is_an_error(before, after, changed):
    text = RESOURCE.replace(before, after)
    if changed is None:
        with pytest.raises(AssertionError):
            Module(text).schema()
    else:
        text = text.replace('List(this, "allow", true)', 'OutputReference(this, "allow")')
        assert Module(text).schema()["block_types"]["allow"] == {**SCHEMA["block_types"]["allow"], **changed}


def test_a_file_has_a_line_for_each_attribute_and_reads_as_what_was_written(tmp_path):
    write(tmp_path, "network", [("resources", "google_firewall", SCHEMA)])
    text = (tmp_path / "network.json").read_text()
    assert json.loads(text)["resources"] == {"google_firewall": SCHEMA}
    assert '        "name": {"type": "string", "required": true},\n' in text


def test_the_stored_files_are_as_the_script_writes_them(tmp_path):
    """So nothing in them was changed by hand in another form."""
    for path in FOLDER.glob("*.json"):
        file = json.loads(path.read_text())
        write(tmp_path, path.stem, [(kind, name, block) for kind in file if kind != "source"
                                    for name, block in file[kind].items()])
        assert (tmp_path / path.name).read_text() == path.read_text()


@pytest.mark.parametrize(("name", "file"), [
    ("google_compute_network", "compute"), ("data.google_compute_image", "compute"),
    ("google_secret_manager_secret", "secret_manager"), ("google_service_account", "service_account")])
def test_a_resource_is_in_the_file_of_its_service(name, file):
    assert service(name) == file
