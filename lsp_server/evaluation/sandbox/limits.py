"""What a program in the sandbox may use."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one program."""

    cpu_seconds: int = 5
    """Processor time; the program is killed one second later where it is still there."""
    wall_seconds: float = 20.0
    """Time on the clock: generous, for a machine that is busy with other things."""
    memory_bytes: int = 1 << 30
    """Address space on Linux, resident memory elsewhere."""
    output_bytes: int = MIB
    """Of standard output and standard error together; more ends the program."""
    file_bytes: int = 16 * MIB
    """Of one file."""
    folder_bytes: int = 64 * MIB
    """Of all files in the program's folder, looked at 20 times a second."""
    folder_files: int = 1000
    open_files: int = 64
