"""Files that belong to a job from its start."""

import pytest

from uws.inputs import Inputs

NAMES = ["part", "../../etc/passwd", "/", "", ".", "a/b", "x" * 5000, "名前", "http://x.org/?a=b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_stays_in_the_folder(tmp_path, name):
    inputs = Inputs(tmp_path / "inputs")
    assert inputs.open(name) is None
    with inputs.new(name) as file:
        file.write(b"content")
    with inputs.open(name) as found:
        assert found.read() == b"content"
    assert len(list((tmp_path / "inputs").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["inputs"]


def test_a_file_that_was_not_written_to_its_end_is_not_there(tmp_path):
    inputs = Inputs(tmp_path)

    def fail():
        with inputs.new("part") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert inputs.open("part") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_sent_again_replaces_the_first(tmp_path):
    inputs = Inputs(tmp_path)
    for content in (b"first", b"second"):
        with inputs.new("part") as file:
            file.write(content)
    with inputs.open("part") as found:
        assert found.read() == b"second"
