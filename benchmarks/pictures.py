"""Files that plots are drawn into."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from remem.store import InvalidInput


def can_write(path: Path) -> None:
    """See to it that a plot can be written there, before anything is measured.

    Raises:
        InvalidInput: the name does not end as a picture's, or the folder does not exist.
    """
    known = Figure().canvas.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in known:
        raise InvalidInput(f"{path} is no picture: let its name end in .svg, .png or .pdf")
    if not path.parent.is_dir():
        raise InvalidInput(f"the folder of {path} does not exist: make it first")
