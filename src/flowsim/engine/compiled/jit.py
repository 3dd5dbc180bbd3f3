"""How functions are compiled: once a machine, kept on disk, free of Python's lock."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

# Numba counts references to arrays each time they are passed on, with atomic additions that cost a third of a run.
# Nothing here makes or keeps an array, so there is nothing to count.
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}

called_from_python = njit(**_OPTIONS)
# What only other compiled functions call needs no way in from Python; leaving it out saves compiling.
compiled = njit(**_OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True})

# What has one caller, or is a link in a chain of calls, and is cheaper as part of its caller: a call between compiled
# functions hands its result over in memory and asks for a fault, and the compiler does not look across it. Numba hands
# this down: what is met first as a callee of such a function becomes part of its callers too, unless it stands apart.
inlined = njit(**_OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True})

# What has many numbers of its own, which as part of a loop would all be made ready before the loop is entered.
apart = njit(**_OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": False})

_pointer_to: Any = types.CPointer


def bare(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array as compiled functions pass it to one another: only where it begins.

    An array is seven arguments, and an index into one may be negative, which costs a comparison each time; where
    it begins is one argument, and is indexed as it is. The array must outlive the call.
    """
    return array


def narrow(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return whole numbers as codes of half the width, two to a number: the same memory."""
    return numbers.view(np.int32)


def fractions(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return whole numbers as fractions: the same memory."""
    return numbers.view(np.float64)


def prefetch(numbers: npt.NDArray[Any], at: int) -> None:
    """Have what stands there brought near, since it will be wanted soon; any place will do, even none."""


@intrinsic
def _start(_context: Any, array: Any) -> Any:
    pointer = _pointer_to(array.dtype)

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return pointer(array), lower


@overload(bare, strict=False)
def _bare(array: Any) -> Any:
    start: Any = _start
    if not isinstance(array, types.Array):
        return None
    return lambda array: start(array)  # noqa: PLW0108 - Numba wants a function of Python's


def _read_as(view: Any, kind: Any) -> None:
    """Let compiled functions read memory as numbers of another kind."""

    @intrinsic
    def read(_context: Any, numbers: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

        return _pointer_to(kind)(numbers), lower

    @overload(view, strict=False)
    def _view(numbers: Any) -> Any:
        reads: Any = read
        if not isinstance(numbers, types.CPointer):
            return None
        return lambda numbers: reads(numbers)  # noqa: PLW0108 - Numba wants a function of Python's


_read_as(narrow, types.int32)
_read_as(fractions, types.float64)


@intrinsic
def _bring(_context: Any, numbers: Any, at: Any) -> Any:
    def lower(_: Any, builder: Any, __: Any, arguments: Any) -> None:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        bring = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        # To be written, to be kept, and data.
        builder.call(bring, [address, word(1), word(3), word(1)])

    return types.void(numbers, at), lower


@overload(prefetch, strict=False)
def _prefetch(numbers: Any, at: Any) -> Any:
    bring: Any = _bring
    if not isinstance(numbers, types.CPointer):
        return None
    return lambda numbers, at: bring(numbers, at)  # noqa: PLW0108 - Numba wants a function of Python's
