"""The Merkle tree of RFC 6962 section 2.1 (kept by RFC 9162 section 2.1): hashes, roots, proofs and their checks.

Pure: bytes in, bytes out. Every hash is SHA-256, 32 bytes. The prefixes 0x00 (leaf) and 0x01 (node) keep a node
from being passed off as an entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()  # RFC 6962 section 2.1: the hash of an empty list is the hash of nothing


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All a tree needs to grow: the roots of its full subtrees, largest (leftmost) first. O(log n) hashes.

    There is one peak for every 1 bit of size. Appending to a frontier whose root was signed gives, by construction,
    a tree consistent with the signed one: nothing to the left of the new leaf can change.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count() or any(len(p) != HASH_BYTES for p in self.peaks):
            raise ValueError("the peaks do not belong to a tree of this size")

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after these leaf hashes were added, in order."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            carried, level = leaf, size
            while level & 1:  # two full subtrees of one size become one of the next
                carried = node_hash(peaks.pop(), carried)
                level >>= 1
            peaks.append(carried)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """The tree's root hash."""
        if not self.peaks:
            return EMPTY_ROOT
        *larger, root = self.peaks
        for peak in reversed(larger):
            root = node_hash(peak, root)
        return root


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return Frontier().extend(leaves).root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root, from the leaf's sibling up (RFC 6962 section 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    first, end, proof = 0, len(leaves), []
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(tree_root(leaves[middle:end]))
            end = middle
        else:
            proof.append(tree_root(leaves[first:middle]))
            first = middle
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The hashes that show the first old_size leaves to be the beginning of these (RFC 6962 section 2.1.2)."""
    if not 0 <= old_size <= len(leaves):
        raise IndexError("no such older tree")
    if old_size in (0, len(leaves)):
        return []
    first, end, proof, whole = 0, len(leaves), [], True
    while old_size != end - first:
        split = _split(end - first)
        if old_size <= split:
            proof.append(tree_root(leaves[first + split : end]))
            end = first + split
        else:
            proof.append(tree_root(leaves[first : first + split]))
            first, old_size, whole = first + split, old_size - split, False
    if not whole:
        proof.append(tree_root(leaves[first:end]))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """True where the proof leads from this leaf hash, at this index, to this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or any(len(h) != HASH_BYTES for h in (leaf, root, *proof)):
        return False
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """True where the proof shows the old tree to be the beginning of the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old_size <= size or any(len(h) != HASH_BYTES for h in (old_root, root, *proof)):
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:  # outside the RFC: an empty tree is the beginning of every tree
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:  # a full old tree is a node of the new one, so its root opens the path
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_computed = computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_computed, computed = node_hash(sibling, old_computed), node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_computed == old_root and computed == root


def _split(size: int) -> int:
    """The largest power of two below size (size > 1): where RFC 6962 divides a tree."""
    return 1 << ((size - 1).bit_length() - 1)
