"""Makes the schema of the Google provider that the checks of Terraform use: tests/terraform/provider/schema.

The files there hold the resources and data sources of their list, resources.txt, and the arguments of the provider. The
source is a Python package on PyPI, which was generated from the schema that the provider publishes. Each of its
modules keeps its own source in TypeScript, and this has for each attribute: type, required, optional, computed, and the
values that the documentation allows.

Not in the package: which attributes are sensitive, and how many blocks are allowed, if more than one but limited.
"""

import base64
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from scripts.commands.shared import ROOT, CouldNotRun, new_parser, run_command, say

NAME = "terraform-schema"
PACKAGE, PACKAGE_VERSION = "cdktf-cdktf-provider-google", "16.12.1"
PROVIDER, PROVIDER_VERSION = "hashicorp/google", "6.50.0"
FOLDER = ROOT / "tests/terraform/provider/schema"
SOURCE = {"provider": PROVIDER, "version": PROVIDER_VERSION, "package": f"{PACKAGE} {PACKAGE_VERSION}"}

CLASS = re.compile(r"^export class (\w+) extends cdktf\.\w+ \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
INTERFACE = re.compile(r"^export interface (\w+)[^\n]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
WRITER = re.compile(r"^export function (\w+)ToHclTerraform\(.*?^  const attrs = \{\n(.*?)^  \}",
                    re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"^  // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
                    r"(.*?)(?=^  // \w+ - computed: |\Z)", re.MULTILINE | re.DOTALL)
WRITTEN = re.compile(r"^ +(\w+): \{\n +value: ([^\n]*)\n +isBlock: (\w+),\n +type: \"(\w+)\",\n"
                     r" +storageClassType: \"(\w+)\",", re.MULTILINE)
DOCUMENTED = re.compile(r"/\*\*((?:(?!\*/).)*?)\{@link [^ ]*#(\w+) [^}]*\}.*?\*/\s*readonly (\w+)(\??):",
                        re.DOTALL)
ENUM = re.compile(r'Possible values: (\["[^\]]*"\])')
DEFAULT = re.compile(r'Default value: ("[^"]*") Possible values: ')
GETTER = re.compile(r"return (cdktf\.Fn\.tolist\()?(?:cdktf\.Token\.asNumberList\()?(cdktf\.Fn\.tolist\()?"
                    r"this\.get(\w+)Attribute\('(\w+)'\)")
OBJECT = re.compile(r"new (\w+?)(List|OutputReference)\(this, \"\w+\"(?:, (true|false))?\)")
MAP = re.compile(r"new cdktf\.(\w+)Map\(this, ")
PLAIN = {"String": "string", "Number": "number", "Boolean": "bool", "List": ["list", "string"],
         "NumberList": ["list", "number"], "StringMap": ["map", "string"], "NumberMap": ["map", "number"],
         "BooleanMap": ["map", "bool"], "string": "string", "number": "number", "boolean": "bool",
         "stringList": ["list", "string"], "numberList": ["list", "number"], "stringMap": ["map", "string"]}


class Module:
    """The source of one resource, of one data source, or of the provider."""

    def __init__(self, text):
        self._text = text
        self._classes = dict(CLASS.findall(text))
        self._interfaces = dict(INTERFACE.findall(text))
        self._writers = dict(WRITER.findall(text))

    def schema(self):
        """The block of the module's own class: the one with a type for Terraform."""
        [name] = [name for name in self._classes if not name.endswith(("OutputReference", "List"))]
        own = self._text[self._text.index(f"export class {name} "):]
        return self._block(name, f"{name}Config", own[own.index("synthesizeHclAttributes"):])

    def _block(self, name, interface, writer):
        written = {key: (value, is_block == "true", kind, storage)
                   for key, value, is_block, kind, storage in WRITTEN.findall(writer)}
        texts = {key: (text, optional) for text, key, _, optional in DOCUMENTED.findall(self._interfaces[interface])}
        body = self._classes.get(name)
        members = MEMBER.findall(body) if body else [
            (key, "false", str(bool(optional)).lower(), str(not optional).lower(), "")
            for key, (_, optional) in texts.items()]
        attributes, blocks = {}, {}
        for key, computed, optional, required, code in members:
            flags = {flag: True for flag, value in (
                ("required", required), ("optional", optional), ("computed", computed)) if value == "true"}
            value, is_block, kind, storage = written.get(key, ("", False, "", ""))
            if is_block:
                blocks[key] = self._nested(value, kind, code, "required" in flags)
                continue
            attributes[key] = {"type": self._type(key, code, kind, storage), **flags}
            if key.endswith("_wo"):
                attributes[key]["write_only"] = True
            attributes[key].update(_documented(texts.get(key, ("", ""))[0], optional == "true" or required == "true"))
        return {"attributes": attributes, "block_types": blocks} if blocks else {"attributes": attributes}

    def _nested(self, value, kind, code, required):
        writer = re.search(r"(\w+)ToHclTerraform", value)[1]
        name = writer[0].upper() + writer[1:]
        nested = {"nesting_mode": {"struct": "single"}.get(kind, kind)}
        if kind != "struct":
            nested |= {"min_items": 1} if required else {}
            nested |= {"max_items": 1} if not value.startswith("cdktf.listMapperHcl") else {}
        inner = self._block(f"{name}OutputReference", name, self._writers.get(writer, ""))
        made = OBJECT.search(code)
        if made and made[2] == "List":
            assert nested["nesting_mode"] == ("set" if made[3] == "true" else "list"), (name, nested, made[0])
        return {**nested, "block": inner}

    def _type(self, key, code, kind, storage):
        made, got, mapped = OBJECT.search(code), GETTER.search(code), MAP.search(code)
        if got:
            assert got[4] == key, (got[0], key)
            plain = PLAIN[got[3]]
            result = ["set", plain[1]] if got[1] or got[2] else plain
        elif mapped:
            result = ["map", PLAIN[mapped[1]]]
        elif made:
            block = self._block(f"{made[1]}OutputReference", made[1], self._writers.get(_lower(made[1]), ""))
            assert not block.get("block_types"), f"{made[1]} is an attribute with blocks"
            members = {name: attribute["type"] for name, attribute in block["attributes"].items()}
            return ["set" if made[3] == "true" else "list", ["object", members]]
        else:
            result = PLAIN[storage]
            if kind == "set":
                result = ["set", result[1]]
        if kind in ("list", "set", "map"):
            assert result[0] == kind, (key, result, kind)
        return result


def _lower(name):
    return name[0].lower() + name[1:]


def _documented(text, settable):
    """What the generated part of the documentation allows: it has the same list as the provider's own check."""
    text = re.sub(r"\s+\*\s+", " ", text)
    if not settable or not (values := ENUM.search(text)):
        return {}
    default = DEFAULT.search(text)
    return {"one_of": json.loads(values[1]), **({"default": json.loads(default[1])} if default else {})}


def read_package(folder):
    """The modules in TypeScript: a function of their folders' names."""
    if subprocess.call([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder,
                        f"{PACKAGE}=={PACKAGE_VERSION}"]) != 0:
        raise CouldNotRun(f"pip could not download {PACKAGE} {PACKAGE_VERSION}")
    [wheel] = Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        [inner] = [name for name in files.namelist() if name.endswith(".tgz")]
        archive = tarfile.open(fileobj=io.BytesIO(files.read(inner)))
    members = {member.name: member for member in archive if member.name.endswith("/index.js")}

    def module(name):
        member = members.get(f"package/lib/{name}/index.js")
        if member is None:
            raise CouldNotRun(f"{PACKAGE} {PACKAGE_VERSION} has no module {name}")
        text = archive.extractfile(member).read().decode()
        source = json.loads(base64.b64decode(text.rsplit("base64,", 1)[1]))["sourcesContent"][0]
        return Module(source)
    return module


def provider_schema(module):
    """Without the addresses of other services, one argument for each service."""
    block = module("provider").schema()
    del block["attributes"]["alias"]  # is Terraform's own
    block["attributes"] = {name: attribute for name, attribute in block["attributes"].items()
                           if not name.endswith("_custom_endpoint")}
    return block


def line_per_attribute(block, indent):
    """JSON with a line for each attribute, so that a difference is easy to read."""
    space = " " * indent
    lines = [f'{space}  {json.dumps(name)}: {json.dumps(attribute)}' for name, attribute in
             sorted(block.get("attributes", {}).items())]
    parts = [f'{space}"attributes": {{\n' + ",\n".join(lines) + f"\n{space}}}"] if lines else []
    blocks = [f'{space}  {json.dumps(name)}: {{' + "".join(f'"{key}": {json.dumps(value)}, ' for key, value in
                                                         nested.items() if key != "block")
              + f'"block": {{\n{line_per_attribute(nested["block"], indent + 4)}\n{space}  }}}}'
              for name, nested in sorted(block.get("block_types", {}).items())]
    if blocks:
        parts.append(f'{space}"block_types": {{\n' + ",\n".join(blocks) + f"\n{space}}}")
    return ",\n".join(parts)


def service(name):
    """The file of a resource is that of its service."""
    words = name.removeprefix("data.").removeprefix("google_").split("_")
    return "_".join(words[:2]) if words[0] in ("secret", "service", "artifact") else words[0]


def write(folder, name, entries):
    """entries: [(kind, name, block)]."""
    texts = {}
    for kind, key, block in entries:
        texts.setdefault(kind, []).append(f'    {json.dumps(key)}: {{\n{line_per_attribute(block, 6)}\n    }}')
    parts = [f'  "source": {json.dumps(SOURCE)}']
    parts += [f'  "{kind}": {{\n' + ",\n".join(text) + "\n  }" for kind, text in texts.items()]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    json.loads(text)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")


def main(options):
    names = sorted(line for line in (FOLDER / "resources.txt").read_text().splitlines() if line)
    with tempfile.TemporaryDirectory() as folder:
        module = read_package(folder)
        files = {}
        for name in names:
            kind = "data_sources" if name.startswith("data.") else "resources"
            path = name.replace("data.", "data-").replace("_", "-").removeprefix("google-")
            entry = kind, name.removeprefix("data."), module(path).schema()
            files.setdefault(service(name), []).append(entry)
        for old in options.output.glob("*.json"):
            old.unlink()
        for file, entries in files.items():
            write(options.output, file, entries)
        write(options.output, "provider", [("provider", "google", provider_schema(module))])
    say(f"{len(names)} resources and data sources in {options.output}")
    return 0


def read_options():
    parser = new_parser(NAME, __doc__)
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the files (default: where they are stored)")
    return parser.parse_args()


if __name__ == "__main__":
    run_command(NAME, read_options, main)
