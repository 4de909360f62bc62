"""The texts of a source that people read, and words that they must not have.

Of a C++ source: its comments and string literals. Of a Python source: its comments and docstrings."""

import ast
import io
import re
import tokenize

# The plain word for each: no client, another process, the operator; again; in progress, current; forever; gets, learns;
# accepts; continues; this many, N; incorrect usage.
FORBIDDEN = re.compile(
    r"(?<![\w-])(?:nobody|somebody|everybody|whoever|whatever|anew|under way|for ever|a look|what no|who comes|so many|"
    r"goes? on|bad use|lets? \w* ?pass|(?:is|are|was|were|be|been) told)\b", re.IGNORECASE)

_TOKEN = re.compile(r"""
      (?P<comment>///?[^\n]*|/\*.*?\*/)
    | ^\#include[^\n]*
    | (?P<literal>R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*")
    | '(?:\\.|[^'\\\n])+'
    | \d[\w']*
    """, re.VERBOSE | re.DOTALL | re.MULTILINE)


def texts_of(source, kinds=("comment", "literal")):
    """(line, text) of each comment and literal. Those with nothing but white space between them are one text."""
    found, end, kind_before = [], 0, None
    for token in _TOKEN.finditer(source):
        kind = "comment" if token["comment"] else "literal" if token["literal"] else None
        if kind not in kinds:
            continue
        text = token.group().strip('/* "') if kind == "comment" else token.group().strip('"')
        if kind == kind_before and not source[end:token.start()].strip():
            line, before = found.pop()
            text = before + (" " if kind == "comment" else "") + text
        else:
            line = source.count("\n", 0, token.start()) + 1
        found.append((line, text))
        end, kind_before = token.end(), kind
    return found


def texts_of_python(source):
    """(line, text) of each comment and docstring. Comments on adjacent lines are one text."""
    found = [(node.body[0].lineno, " ".join(ast.get_docstring(node).split())) for node in ast.walk(ast.parse(source))
             if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
             and ast.get_docstring(node)]
    end = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0], token.string.lstrip("# ")
        if line - 1 == end:
            first, before = found.pop()
            found.append((first, f"{before} {text}"))
        else:
            found.append((line, text))
        end = line
    return found
