"""Programs of XLA as other versions of it take them."""

from __future__ import annotations

try:
    from tensorflow.compiler.xla.service import hlo_pb2
except ImportError:  # TensorFlow 2.16 and later
    from xla.service import hlo_pb2


def without_copies(program: bytes) -> bytes:
    """The HloModuleProto whose copies are replaced by what they copy.

    TensorFlow copies every new value of a variable. The dialects in which programs go from one version to another know
    no such operation, and compilers put copies in where they need them.
    """
    module = hlo_pb2.HloModuleProto.FromString(program)
    for computation in module.computations:
        copied = {item.id: item.operand_ids[0] for item in computation.instructions if item.opcode == 'copy'}

        def original(number: int, copied: dict[int, int] = copied) -> int:
            while number in copied:
                number = copied[number]
            return number

        kept = [item for item in computation.instructions if item.id not in copied]
        for item in kept:
            item.operand_ids[:] = [original(number) for number in item.operand_ids]
            item.control_predecessor_ids[:] = [original(number) for number in item.control_predecessor_ids]
        computation.root_id = original(computation.root_id)
        kept_bytes = [item.SerializeToString() for item in kept]
        del computation.instructions[:]
        for content in kept_bytes:
            computation.instructions.add().ParseFromString(content)
    return module.SerializeToString()
