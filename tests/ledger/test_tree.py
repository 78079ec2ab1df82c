"""The tree against the published certificate-transparency vectors, and its properties."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.ledger._tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

# The reference vectors of the certificate-transparency project: eight leaves, and the root after each.
CT_LEAVES = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_INCLUSION = {
    (0, 8): CT_CONSISTENCY[1, 8],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
HASHES = [leaf_hash(entry) for entry in CT_LEAVES]
MANY = [leaf_hash(bytes([n])) for n in range(131)]


def recursive_root(entries: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 word for word, as an oracle: written from the definition, not from our code."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\x01" + recursive_root(entries[:split]) + recursive_root(entries[split:])).digest()


def test_the_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    assert tree_root([]) == EMPTY_ROOT == recursive_root([])
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert tree_root(HASHES[:size]).hex() == CT_ROOTS[size - 1]


@pytest.mark.parametrize(("old", "new"), CT_CONSISTENCY)
def test_consistency_proofs_are_those_of_the_published_vectors(old: int, new: int) -> None:
    assert [h.hex() for h in consistency_proof(HASHES[:new], old)] == CT_CONSISTENCY[old, new]


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_inclusion_proofs_are_those_of_the_published_vectors(index: int, size: int) -> None:
    assert [h.hex() for h in inclusion_proof(HASHES[:size], index)] == CT_INCLUSION[index, size]


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_is_the_one_the_rfc_defines(entries: list[bytes]) -> None:
    assert tree_root([leaf_hash(e) for e in entries]) == recursive_root(entries)


@given(st.lists(st.binary(max_size=8), max_size=60), st.integers(0, 60))
def test_growing_in_two_steps_gives_the_same_root_as_in_one(entries: list[bytes], cut: int) -> None:
    hashes = [leaf_hash(e) for e in entries]
    assert Frontier().extend(hashes[:cut]).extend(hashes[cut:]).root() == tree_root(hashes)


def test_every_inclusion_proof_verifies_in_every_tree_up_to_130() -> None:
    for size in range(1, 131):
        leaves, root = MANY[:size], tree_root(MANY[:size])
        for index in range(size):
            assert verify_inclusion(index, size, leaves[index], inclusion_proof(leaves, index), root)


def test_every_consistency_proof_verifies_between_trees_up_to_130() -> None:
    roots = [tree_root(MANY[:size]) for size in range(131)]
    for size in range(131):
        for old in range(size + 1):
            assert verify_consistency(old, size, consistency_proof(MANY[:size], old), roots[old], roots[size])


@settings(max_examples=300)
@given(st.data())
def test_a_tampered_inclusion_proof_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 130))
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(MANY[:size], index), tree_root(MANY[:size])
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    assert not verify_inclusion(index, size, MANY[index], [*proof[:at], flipped, *proof[at + 1 :]], root)
    assert not verify_inclusion(index, size, MANY[index], proof[:at] + proof[at + 1 :], root)
    assert not verify_inclusion(index, size, MANY[index], [*proof, proof[at]], root)
    assert not verify_inclusion(index, size, MANY[other], proof, root)
    assert not verify_inclusion(other, size, MANY[index], proof, root)
    assert not verify_inclusion(index, size, MANY[index], proof, MANY[index])


@settings(max_examples=300)
@given(st.data())
def test_a_tampered_consistency_proof_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 130))
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(MANY[:size], old)
    old_root, root = tree_root(MANY[:old]), tree_root(MANY[:size])
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    assert not verify_consistency(old, size, [*proof[:at], flipped, *proof[at + 1 :]], old_root, root)
    assert not verify_consistency(old, size, proof[:at] + proof[at + 1 :], old_root, root)
    assert not verify_consistency(old, size, [*proof, proof[at]], old_root, root)
    assert not verify_consistency(old, size, proof, root, root)
    assert not verify_consistency(old, size, proof, old_root, old_root)


@settings(max_examples=300)
@given(st.lists(st.binary(min_size=1, max_size=6), min_size=2, max_size=40, unique=True), st.data())
def test_any_edit_cut_or_swap_of_entries_changes_the_root(entries: list[bytes], data: st.DataObject) -> None:
    root = tree_root([leaf_hash(e) for e in entries])
    at = data.draw(st.integers(0, len(entries) - 1))
    other = data.draw(st.integers(0, len(entries) - 1).filter(lambda n: n != at))
    edited = [*entries[:at], entries[at] + b"!", *entries[at + 1 :]]
    cut = entries[:at] + entries[at + 1 :]
    swapped = list(entries)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    for changed in (edited, cut, swapped):
        assert tree_root([leaf_hash(e) for e in changed]) != root


def test_a_node_cannot_pass_as_an_entry() -> None:
    two = tree_root(HASHES[:2])
    assert leaf_hash(HASHES[0] + HASHES[1]) != two


def test_hashes_of_another_length_prove_nothing() -> None:
    assert not verify_inclusion(0, 1, b"short", [], b"short")
    assert not verify_consistency(1, 1, [], b"short", b"short")


def test_a_frontier_must_fit_its_size() -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, (HASHES[0],))
