import pytest

from sweep import digest


def test_the_digest_of_a_file_is_the_sha256_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert digest.of_file(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_digest_of_a_value_does_not_depend_on_the_order_of_keys_or_on_tuple_or_list():
    assert digest.of_value({"a": 1, "b": (1, 2)}) == digest.of_value({"b": [1, 2], "a": 1})


@pytest.mark.parametrize("other", [{"a": 2}, {"b": 1}, {"a": "1"}, {"a": True}, {"a": [1]}, [["a", 1]]])
def test_another_value_has_another_digest(other):
    assert digest.of_value(other) != digest.of_value({"a": 1})


def test_a_number_that_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest.of_value(float("nan"))
