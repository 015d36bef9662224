"""Which short texts of ours stand in the facts of errors: found in the source, so that none of them is forgotten in another language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import icalsync
from icalsync import errors
from icalsync.messages.reasons import TOLD

ROOT: Final = Path(icalsync.__file__).parent
PARTS: Final = ("app", "caldav", "core", "engine", "secret", "store", "workers", "settings.py")
"""Everything that can raise an error a page shows; the command line and the demonstration speak English."""
ERRORS: Final = frozenset(name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.IcalsyncError))
CHOOSING: Final = frozenset({"str", "get", "lower", "MappingProxyType"})
"""Functions of the language that give back what they are given; what ``say`` gives comes from the catalogue."""
TEXT: Final = re.compile(r"str( \| None)?|tuple\[.*\bstr\]")
"""How a function is marked that gives back a text, alone or as the last of several things."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file, and the functions around an expression in it, the innermost first."""

    file: Path
    around: tuple[ast.FunctionDef, ...] = ()


@dataclass
class Source:
    """All of the packages as syntax trees."""

    trees: dict[Path, ast.Module]
    _seen: set[int] = field(default_factory=set)

    @cached_property
    def functions(self) -> dict[str, list[tuple[Path, ast.FunctionDef]]]:
        """Every function by its name."""
        found: dict[str, list[tuple[Path, ast.FunctionDef]]] = {}
        for file, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    found.setdefault(node.name, []).append((file, node))
        return found

    @cached_property
    def calls(self) -> list[tuple[Place, ast.Call]]:
        """Every call, with the place it is made at."""
        return [call for file, tree in self.trees.items() for call in _calls(tree, Place(file))]

    def texts(self) -> set[str]:
        """The texts themselves, and templates with ``{}`` for what varies."""
        found: set[str] = set()
        for place, call in self.calls:
            if _name(call.func) in ERRORS:
                for given in call.keywords:
                    if given.arg in TOLD:
                        self._seen.clear()
                        found |= set(self._of(given.value, place))
            elif place.file.name == "settings.py" and _name(call.func) == "ValueError":
                found |= set(self._of(call.args[0], place))
        return found

    def _of(self, node: ast.expr, place: Place) -> Iterator[str]:
        """What an expression may be."""
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        match node:
            case ast.Constant(value=str(text)):
                yield from [text] if text else []
            case ast.JoinedStr():
                yield _template(node)
                yield from (text for each in _plain_fields(node) for text in self._of(each, place) if _is_said(text))
            case ast.BinOp(op=ast.Add()):
                yield _template(node.left) + _template(node.right)
            case ast.IfExp(body=one, orelse=other):
                yield from self._all([one, other], place)
            case ast.BoolOp(values=several) | ast.Tuple(elts=several) | ast.Dict(values=several):
                yield from self._all(several, place)
            case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
                yield from self._named(name, place)
            case ast.Call():
                yield from self._given_back(node, place)

    def _all(self, several: Iterable[ast.expr], place: Place) -> Iterator[str]:
        for one in several:
            yield from self._of(one, place)

    def _named(self, name: str, place: Place) -> Iterator[str]:
        """What a variable, a parameter or a constant may be."""
        for depth, function in enumerate(place.around):
            values = list(_assigned(function, name))
            if values:
                yield from self._all(values, Place(place.file, place.around[depth:]))
                return
            names = [each.arg for each in function.args.args + function.args.kwonlyargs]
            if name in names:
                yield from self._passed(place.file, function, name)
                return
        yield from self._all(_assigned(self.trees[place.file], name), Place(place.file))

    def _passed(self, file: Path, function: ast.FunctionDef, name: str) -> Iterator[str]:
        """What a parameter is called with, and its default."""
        names = [each.arg for each in function.args.args if each.arg not in {"self", "cls"}]
        for place, call in self.calls:
            if _name(call.func) == function.name and self._reaches(place.file, call.func, file, function):
                given = [each.value for each in call.keywords if each.arg == name]
                given += [call.args[names.index(name)]] if name in names and len(call.args) > names.index(name) else []
                yield from self._all(given, place)
        yield from self._all(_defaults(function, name), Place(file))

    def _reaches(self, calling: Path, called: ast.expr, file: Path, function: ast.FunctionDef) -> bool:
        """Whether a call by name means this function, not a namesake of another module."""
        if isinstance(called, ast.Attribute):
            return isinstance(called.value, ast.Name) and called.value.id == file.stem
        if calling == file:
            return True
        imports = (node for node in ast.walk(self.trees[calling]) if isinstance(node, ast.ImportFrom))
        return any((each.module or "").endswith(file.stem) and function.name in {one.name for one in each.names} for each in imports)

    def _given_back(self, call: ast.Call, place: Place) -> Iterator[str]:
        """What a function of ours may give back: every sentence in it; of others, what they are given to choose from."""
        name = _name(call.func)
        ours = [(file, function) for file, function in self.functions.get(name, []) if self._reaches(place.file, call.func, file, function)]
        if ours:
            yield from (text for file, function in ours for text in self._gives(file, function))
        elif name in CHOOSING:
            yield from (text for text in self._all(call.args, place) if _is_said(text))

    def _gives(self, file: Path, function: ast.FunctionDef) -> Iterator[str]:
        """Every sentence in a function that gives back a text, and in those that it lets answer."""
        if function.returns is None or not TEXT.fullmatch(ast.unparse(function.returns)):
            return
        yield from _sentences(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                yield from self._of(node.value, Place(file))


def read() -> Source:
    """The packages as they are now."""
    files = [file for part in PARTS for file in ([ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py")))]
    return Source({file: ast.parse(file.read_text("utf-8")) for file in files})


def _calls(node: ast.AST, place: Place) -> Iterator[tuple[Place, ast.Call]]:
    if isinstance(node, ast.Call):
        yield place, node
    if isinstance(node, ast.FunctionDef):
        place = Place(place.file, (node, *place.around))
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, place)


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _template(node: ast.expr) -> str:
    """The text of an expression, ``{}`` for every piece of it that varies."""
    match node:
        case ast.Constant(value=str(text)):
            return text.replace("{", "{{").replace("}", "}}")
        case ast.JoinedStr(values=pieces):
            return "".join(_template(piece) for piece in pieces)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _template(left) + _template(right)
    return "{}"


def _plain_fields(node: ast.JoinedStr) -> list[ast.expr]:
    """What stands in a text as it is: neither quoted nor formatted."""
    return [each.value for each in node.values if isinstance(each, ast.FormattedValue) and each.conversion == -1 and not each.format_spec]


def _assigned(within: ast.AST, name: str) -> Iterator[ast.expr]:
    """Whatever is assigned to a name, also as one of several, by a loop over what is written there, or appended to it."""
    for node in ast.walk(within):
        match node:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _picked(target, value, name)
            case ast.NamedExpr(target=target, value=value):
                yield from _picked(target, value, name)
            case ast.For(target=target, iter=ast.Tuple(elts=rows)):
                for row in rows:
                    yield from _picked(target, row, name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append"), args=[value]) if found == name:
                yield value


def _picked(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    match target, value:
        case ast.Name(id=found), _ if found == name:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values):
            for one, other in zip(targets, values, strict=True):
                yield from _picked(one, other, name)
        case ast.Tuple(elts=targets), _ if name in {_name(each) for each in targets}:
            yield value


def _defaults(function: ast.FunctionDef, name: str) -> list[ast.expr]:
    arguments = function.args
    positional = list(zip(reversed(arguments.args), reversed(arguments.defaults), strict=False))
    return [
        value for each, value in [*positional, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)] if each.arg == name and value
    ]


def _sentences(function: ast.FunctionDef) -> Iterator[str]:
    """Every text of several words in a function but its docstring."""
    skipped = {id(function.body[0].value)} if isinstance(function.body[0], ast.Expr) else set()
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(piece) for piece in node.values}
            if _is_said(_template(node)):
                yield _template(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped and _is_said(node.value):
            yield node.value


def _is_said(text: str) -> bool:
    """Whether a text is words of a person rather than a name or a mark."""
    return " " in text and text == text.strip() and any(letter.isalpha() for letter in text.replace("{}", ""))
