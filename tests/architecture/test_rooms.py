"""The rooms of the house: who may import whom, and which door each heavy library comes in by."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "flowsim"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "conf" not in path.relative_to(SOURCE).parts[:1])

COMPILERS = ("numba", "flowsim.measure.jit", "flowsim.engine.compiled.jit")
"""What compiled code is compiled by."""
DOORS = {
    "hydra": ("config/compose.py", "config/overrides.py", "cli.py"),
    "omegaconf": ("config/",),
    "simpy": ("engine/",),
    "numba": ("draws/", "demand/", "rules/", "engine/", "measure/jit.py"),
    "joblib": ("experiment/pool.py",),
    "matplotlib": ("report/",),
    "plotly": ("report/",),
    "xlsxwriter": ("report/",),
    "jinja2": ("report/",),
}
HEAVY = ("numpy", "pandas", "scipy", "pydantic", "pyarrow", "rich", *DOORS)


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_run_downwards_only() -> None:
    linted = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("library", DOORS)
def test_each_heavy_library_has_its_door(library: str) -> None:
    users = [name_of(path) for path in MODULES if any(name.split(".")[0] == library for name in imported(parsed(path)))]
    assert [name for name in users if not name.startswith(DOORS[library])] == []


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from flowsim.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.rsplit("LOADED", 1)[1].split()
    assert [name for name in HEAVY if name in loaded] == []


def test_draws_are_keyed_and_never_global() -> None:
    found = []
    for path in MODULES:
        tree = parsed(path)
        found += [f"{name_of(path)}: {name}" for name in imported(tree) if name.startswith(("random", "numpy.random"))]
        found += [
            f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr == "random"
            and isinstance(node.value, ast.Name)
            and node.value.id in ("np", "numpy")
        ]
    assert found == []


def test_nothing_prints() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_only_the_command_line_writes_to_standard_output() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr == "stdout" and ast.unparse(node.value) == "sys"
    ]
    assert [place for place in found if not place.startswith("cli.py")] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_public_thing_says_what_it_is(path: Path) -> None:
    tree = parsed(path)
    assert ast.get_docstring(tree), "the module has no docstring"
    public = (ast.FunctionDef, ast.ClassDef)
    named = [node for node in tree.body if isinstance(node, public) and not node.name.startswith("_")]
    assert [node.name for node in named if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_left_for_later(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [word for word in ("TODO", "FIXME", "XXX", "NotImplementedError") if word in text] == []


def test_compiled_code_is_made_again_when_any_file_it_is_made_from_changes() -> None:
    from flowsim.draws.cache import compiled_sources

    users = {path for path in MODULES if any(name.startswith(COMPILERS) for name in imported(parsed(path)))}
    assert users <= set(compiled_sources())
