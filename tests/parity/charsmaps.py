"""Charsmaps as SentencePiece precompiles them."""
import struct


def charsmap_of(replacements):
    """A precompiled charsmap: each node of the trie has 256 units of its own."""
    nodes, pool, places = [{}], b"", {}
    for key, value in sorted(replacements.items()):
        node = 0
        for byte in key:
            if byte not in nodes[node]:
                nodes.append({})
                nodes[node][byte] = len(nodes) - 1
            node = nodes[node][byte]
        places[node] = len(pool)
        pool += value.encode() + b"\0"
    base = lambda node: 256 * (node + 1)  # noqa: E731
    units = [0] * base(len(nodes))
    units[0] = base(0) << 10
    for node, children in enumerate(nodes):
        for byte, child in children.items():
            at = base(node) ^ byte
            units[at] = byte | (child in places) << 8 | (at ^ base(child)) << 10
            if child in places:
                units[base(child)] = 1 << 31 | places[child]
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + pool
