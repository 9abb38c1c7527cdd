"""A notebook where torch is not installed, as in a browser: the cells that need it say so, and the others run."""

import ast
import sys
from importlib.util import find_spec

__all__ = ["Guard", "guard", "leave_out"]

#: Names that cells would have given a value if they had run to the end.
_left_out = set()


def guard():
    """Guard the cells of this notebook from now on. Nothing happens where torch is installed, or outside of IPython."""
    if find_spec("torch") is None and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
        if shell is not None and not any(isinstance(each, Guard) for each in shell.ast_transformers):
            shell.ast_transformers.append(Guard())


class Guard(ast.NodeTransformer):
    """Puts a cell into a try statement that ends in `leave_out`; its last value is shown as before."""

    def visit_Module(self, module):
        """The cell's new syntax tree."""
        if not module.body:
            return module
        statements = [(node.end_lineno, _assigned(node), _imported(node)) for node in module.body]
        *body, last = module.body
        shown = isinstance(last, ast.Expr)
        body.append(ast.Assign([ast.Name("_shown", ast.Store())], last.value) if shown else last)
        new = ast.parse(
            "_shown = None\n"
            "try:\n    pass\n"
            "except (ModuleNotFoundError, NameError) as _error:\n"
            f"    __import__({__name__!r}, fromlist=['leave_out']).leave_out(_error, {statements!r})\n"
            "_shown\n"
        )
        new.body[1].body = body
        if not shown:
            new.body.pop()
        return ast.fix_missing_locations(new)


def leave_out(error, statements):
    """Say that this cell is left out, if the reason is that there is no torch; or else raise its error again.

    What the cell would have assigned is forgotten, so that no later cell takes an old value for it.

    Args:
        error: what the cell raised, which is being handled.
        statements: for each of its statements the last line, the names that it assigns, and those that it imports.
    """
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] == "torch":
        print("This cell is left out: it needs torch, which is not installed here.")
    elif isinstance(error, NameError) and error.name in _left_out:
        print("This cell is left out: it builds on one that needs torch, which is not installed here.")
    else:
        raise
    frame, line = error.__traceback__.tb_frame, error.__traceback__.tb_lineno
    for last, assigned, imported in statements:
        if last >= line:
            _left_out.update(assigned, imported)
            for name in assigned:
                frame.f_globals.pop(name, None)


def _assigned(statement):
    """The names that a statement of a cell gives a value; of a function or class, its own."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    nodes = ast.walk(statement)
    return sorted({node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)})


def _imported(statement):
    """The names that a statement of a cell imports."""
    imports = [node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom)]
    return sorted({(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names})
