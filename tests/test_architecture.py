"""The arrows of the design: imports point downwards, and each outside package has its place."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.order import LONGEST

ROOT = Path(__file__).resolve().parents[1]

# 1 arrays and values, 2 tensors, 3 files to batches, 4 work, 5 the door to a model, 6 surface.
# A package stands for all of its modules.
LAYERS = {
    "pix2pix.config": 1,
    "pix2pix.config_fields": 1,
    "pix2pix.images": 1,
    "pix2pix.labels": 1,
    "pix2pix.runtime": 1,
    "pix2pix.video": 1,
    "pix2pix.checkpoint": 2,
    "pix2pix.models": 2,
    "pix2pix.runtime.device": 2,
    "pix2pix.data": 3,
    "pix2pix.evaluation": 4,
    "pix2pix.hub": 4,
    "pix2pix.training": 4,
    "pix2pix.inference": 5,
    "pix2pix.web": 5,
    "pix2pix.__main__": 6,
    "pix2pix.app": 6,
    "pix2pix.cli": 6,
    "app": 6,
    "pix2pix": 6,
    "train": 6,
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in [*sorted(ROOT.glob("pix2pix/**/*.py")), ROOT / "app.py", ROOT / "train.py"]
}


class WithoutTypeImports(ast.NodeTransformer):
    """Removes the blocks `if TYPE_CHECKING:`, which are not run."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_type_block = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if is_type_block else self.generic_visit(node)


def imports_in(source: str, with_types: bool = True) -> set[str]:
    """Every module that the source names in an import, wherever in the file; absolute names.

    Without `with_types` those are left out that only a type checker reads.
    """
    names = set()
    tree = ast.parse(source)
    for node in ast.walk(tree if with_types else WithoutTypeImports().visit(tree)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide where they point"
            assert node.module
            # What is imported from a package may be a module of it.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {n for n in inner if n in MODULES} or {node.module}
    return names


IMPORTS = {name: imports_in(path.read_text()) for name, path in MODULES.items()}
OWN_IMPORTS = {name: found & MODULES.keys() for name, found in IMPORTS.items()}


def unit(module: str) -> str:
    """The entry of LAYERS that a module belongs to: itself or the package nearest above it."""
    name = module
    while name not in LAYERS and "." in name:
        name = name.rpartition(".")[0]
    return module if name == "pix2pix" else name


def users_of(package: str) -> set[str]:
    return {
        unit(module)
        for module, found in IMPORTS.items()
        if any(n == package or n.startswith(f"{package}.") for n in found)
    }


def test_every_module_has_a_layer_and_every_layer_its_modules() -> None:
    assert {unit(module) for module in MODULES} == LAYERS.keys()


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downwards(module: str) -> None:
    layer = LAYERS[unit(module)]
    upwards = {n for n in OWN_IMPORTS[module] if LAYERS[unit(n)] > layer}
    assert not upwards, f"{module} is in layer {layer}"


def test_no_imports_go_in_circles() -> None:
    run = {name: imports_in(path.read_text(), with_types=False) for name, path in MODULES.items()}
    left = {name: found & MODULES.keys() for name, found in run.items()}
    while free := [name for name, found in left.items() if not found & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_only_the_user_interface_knows_gradio() -> None:
    assert users_of("gradio") <= {"pix2pix.app", "app"}


def test_only_the_hub_module_knows_the_hub() -> None:
    assert users_of("huggingface_hub") <= {"pix2pix.hub"}


@pytest.mark.parametrize(
    ("package", "module"),
    [("ray", "pix2pix.inference.ray_pool"), ("fsspec", "pix2pix.runtime.object_storage")],
)
def test_a_package_of_archives_is_imported_in_one_module(package: str, module: str) -> None:
    users = {n for n, found in IMPORTS.items() if package in {name.split(".")[0] for name in found}}
    assert users == {module}


@pytest.mark.parametrize("package", ["torch", "torchvision", "safetensors"])
def test_the_pure_layer_has_no_tensors(package: str) -> None:
    assert not {n for n in users_of(package) if LAYERS[n] == 1}


def test_the_pure_layer_loads_without_torch() -> None:
    pure = [name for name in MODULES if LAYERS[unit(name)] == 1]
    code = f"import sys, {', '.join(pure)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=300).returncode == 0


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import torch.nn as nn
from pix2pix.labels import label_map
from pix2pix.images.color import rgb_to_lab
def late():
    from gradio.utils import get_upload_folder
if TYPE_CHECKING:
    import torch.optim
"""
    assert imports_in(source) - imports_in(source, with_types=False) == {"torch.optim"}
    assert imports_in(source, with_types=False) == {
        "torch.nn",
        "pix2pix.labels.label_map",
        "pix2pix.images.color",
        "gradio.utils",
    }


def test_the_order_of_the_test_files_names_files_that_exist() -> None:
    assert set(LONGEST) <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(LONGEST) == len(set(LONGEST))
