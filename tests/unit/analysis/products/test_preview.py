"""The picture of a significance map."""

from dataclasses import replace

import numpy as np
from matplotlib.image import imread

from analysis.products.preview import write_preview


def test_a_picture_is_drawn_and_the_same_each_time(maps, sources, tmp_path) -> None:
    for name in ("one.png", "other.png"):
        write_preview(tmp_path / name, maps, sources, title="Crab $1_2$", notice="Simulated data")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    picture = imread(tmp_path / "one.png")
    assert min(picture.shape[:2]) > 700
    # lime, the mark of a known source; cyan, that of a new one
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    assert ((green > 0.9) & (red < 0.1) & (blue < 0.1)).any()
    assert ((green > 0.9) & (red < 0.1) & (blue > 0.9)).any()


def test_maps_where_nothing_was_seen_make_a_picture_too(maps, tmp_path) -> None:
    nothing = np.full_like(maps.intensity, np.nan)
    write_preview(tmp_path / "empty.png", replace(maps, intensity=nothing), [])
    assert (tmp_path / "empty.png").stat().st_size > 1000
