#!/usr/bin/env python3
"""Writes src/text/strings/reference_unicode.cpp: the Unicode data that the normalizers of
Hugging Face tokenizers 0.23 have, which is not of one version of Unicode.

Nothing is taken from files of a version that would have to be guessed: every code point
is sent through the package, and what comes out is the table. Grapheme clusters are told
by a `Precompiled` normalizer whose map sends each lead byte to "Z", so that a text becomes
one Z a cluster of at most five bytes and one Z a character of a longer one.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 unicodedata2==16.0.0
    venv/bin/python tools/generate_reference_unicode.py src/text/strings/reference_unicode.cpp

unicodedata2 gives one-step decompositions alone (a composite's parts); each pair is tried
in the package before it is written. The result is committed; nothing is generated at
build time.
"""
import struct
import sys

import tokenizers
import unicodedata2 as unicodedata
from tokenizers import NormalizedString
from tokenizers.normalizers import NFC, NFD, NFKD, BertNormalizer, Lowercase, Precompiled, StripAccents

BLOCK = 128
POINTS = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
HANGUL = range(0xAC00, 0xAC00 + 11172)

# Bits of a record's flags; reference_unicode.h names them.
MARK, NONSPACING, OTHER, COMPOSES = 1, 2, 4, 8
PICTOGRAPH, CONSONANT, LINKER, CONJUNCT_EXTEND = 16, 32, 64, 128
# Grapheme cluster classes, in the order of the enumeration there.
ANY, CR, LF, CONTROL, EXTEND, ZWJ, REGIONAL, PREPEND, SPACING, L, V, T, LV, LVT = range(14)


def results(normalizer, points=POINTS):
    """What the normalizer makes of each character alone, where it changes it."""
    changed = {}
    for point in points:
        text = chr(point)
        result = normalizer.normalize_str(text)
        if result != text:
            changed[point] = result
    return changed


def uppercase():
    changed = {}
    for point in POINTS:
        text = NormalizedString(chr(point))
        text.uppercase()
        if text.normalized != chr(point):
            changed[point] = text.normalized
    return changed


def combining_classes(decomposed):
    """By the order that NFD gives a character and a probe of each class that there is."""
    nfd = NFD()

    def swaps(first, second):
        return first != second and nfd.normalize_str("a" + first + second) == "a" + second + first

    highest = chr(0x0345)  # class 240, the highest
    known = {}
    for point in POINTS:
        combining = unicodedata.combining(chr(point))
        if combining and point not in decomposed:
            known.setdefault(combining, []).append(chr(point))
    probes = []  # one character a class that the package agrees to be of that class
    for combining, candidates in sorted(known.items()):
        for probe in candidates:
            if swaps(highest, probe) or combining == 240:
                probes.append((combining, probe))
                break
    for at, (_, lower) in enumerate(probes):
        assert all(swaps(higher, lower) and not swaps(lower, higher) for _, higher in probes[at + 1:]), probes
    assert probes[-1][0] == 240 and probes[0][0] == 1, probes
    classes = {}
    for point in POINTS:
        if point in decomposed or point in HANGUL:
            continue
        character = chr(point)
        if not (swaps(highest, character) or swaps(character, probes[0][1])):
            continue
        matching = [combining for combining, probe in probes
                    if not swaps(probe, character) and not swaps(character, probe)]
        assert len(matching) == 1, (hex(point), matching)
        classes[point] = matching[0]
    return classes


def compositions():
    """(first, second) -> composite, for what NFC composes."""
    nfc = NFC()
    pairs = {}
    for point in POINTS:
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) != 2 or parts[0].startswith("<"):
            continue
        first, second = int(parts[0], 16), int(parts[1], 16)
        if nfc.normalize_str(chr(first) + chr(second)) == chr(point):
            pairs[first, second] = point
    return pairs


class ClusterProbe:
    def __init__(self):
        # A double array of one level: the root's children are the bytes, each a leaf whose
        # value is 0, the place of "Z" in the strings.
        units = [0] * 1024
        units[0] = 256 << 10
        for byte in range(1, 256):
            units[256 ^ byte] = byte | 1 << 8 | (512 ^ 256 ^ byte) << 10
        units[512] = 1 << 31
        blob = b"".join(struct.pack("<I", unit) for unit in units)
        self.normalizer = Precompiled(struct.pack("<I", len(blob)) + blob + b"Z\0")

    def count(self, text):
        result = self.normalizer.normalize_str(text)
        assert set(result) <= {"Z"}, (text, result)
        return len(result)


def clusters():
    """Grapheme class and the flags PICTOGRAPH, CONSONANT, LINKER, CONJUNCT_EXTEND of each."""
    count = ClusterProbe().count
    classes, flags = {}, {}
    acute, zwj, copyright, ka, virama = "\u0301", "\u200d", "\u00a9", "\u0915", "\u094d"
    for point in POINTS:
        character = chr(point)
        if point in (0x0D, 0x0A):
            classes[point] = CR if point == 0x0D else LF
            continue
        if point in (0x200C, 0x200D):
            classes[point] = ZWJ if point == 0x200D else EXTEND
            if point == 0x200D:
                flags[point] = CONJUNCT_EXTEND
            continue
        if point < 0x80:
            if point < 0x20 or point == 0x7F:
                classes[point] = CONTROL
            continue
        joins = count("a" + character) == 1
        long = len(character.encode()) == 4
        if joins:
            # A mark between a pictograph and ZWJ: only Extend lets the next pictograph join.
            extends = count(copyright + character + zwj + copyright + acute) == 5
            classes[point] = EXTEND if extends else SPACING
            if extends:
                if count(ka + character + ka + acute) == 4:
                    flags[point] = LINKER
                elif count(ka + virama + character + ka + acute) == 5:
                    flags[point] = CONJUNCT_EXTEND
            continue
        if count(character + "a") == 1:
            classes[point] = PREPEND
            continue
        # Controls let no mark join.
        if not long and count(character + acute) == 2 and len((character + acute).encode()) < 6:
            classes[point] = CONTROL
            continue
        if long and count(character + acute + zwj) == 2:  # the two marks are a cluster of their own
            classes[point] = CONTROL
            continue
        if 0xAC00 <= point < 0xAC00 + 11172:
            classes[point] = LV if (point - 0xAC00) % 28 == 0 else LVT
        elif 0x1100 <= point < 0x1160 or 0xA960 <= point < 0xA97D:
            classes[point] = L
        elif count("\u1100" + character + acute) == 3 and not long or long and count("\u1100" + character + "\u11a8" + acute) == 4:
            classes[point] = V
        elif count("\u1161" + character + acute) == 3 and not long:
            classes[point] = T
        elif 0x1F1E6 <= point <= 0x1F1FF:
            classes[point] = REGIONAL
        elif count(copyright + zwj + character + acute) == 4 and count(character + zwj + copyright + acute) == 4:
            flags[point] = PICTOGRAPH
        elif count(character + virama + ka + acute) == 4:
            flags[point] = CONSONANT
    return classes, flags


def two_stages(values):
    """(block of each 128 code points, values of the blocks)"""
    numbers, blocks, index = {}, [], []
    for start in range(0, 0x110000, BLOCK):
        block = tuple(values.get(point, 0) for point in range(start, start + BLOCK))
        if block not in numbers:
            numbers[block] = len(blocks)
            blocks.append(block)
        index.append(numbers[block])
    return index, [value for block in blocks for value in block]


def rows(values, per_line):
    for start in range(0, len(values), per_line):
        yield "    " + ", ".join(str(value) for value in values[start:start + per_line]) + ","


def array(kind, name, values, per_line):
    return [f"const {kind} {name}[{len(values)}] = {{", *rows(values, per_line), "};", ""]


def main(path):
    assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
    canonical = results(NFD(), [point for point in POINTS if point not in HANGUL])
    compatible = results(NFKD(), [point for point in POINTS if point not in HANGUL])
    plain = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    marks = {point for point, text in results(StripAccents()).items() if text == ""}
    nonspacing = {point for point, text in results(BertNormalizer(**{**plain, "strip_accents": True})).items() if text == ""}
    other = {point for point, text in results(BertNormalizer(**{**plain, "clean_text": True})).items() if text == ""}
    classes = combining_classes(canonical)
    pairs = compositions()
    seconds = {second for _, second in pairs}
    cluster_classes, cluster_flags = clusters()

    records, record_numbers, record_of = [], {}, {}
    for point in range(0x110000):
        flags = cluster_flags.get(point, 0) | (MARK if point in marks else 0) | (NONSPACING if point in nonspacing else 0) \
            | (OTHER if point in other else 0) | (COMPOSES if point in seconds else 0)
        record = (classes.get(point, 0), cluster_classes.get(point, ANY), flags)
        if record not in record_numbers:
            record_numbers[record] = len(records)
            records.append(record)
        record_of[point] = record_numbers[record]
    assert len(records) <= 256

    pool, places = [0], {}
    def placed(mapping):
        out = {}
        for point, text in mapping.items():
            if text not in places:
                places[text] = len(pool)
                pool.extend([len(text), *map(ord, text)])
            out[point] = places[text]
        return out

    out = ["// Generated by tools/generate_reference_unicode.py; do not edit.",
           '#include "text/strings/reference_unicode.h"', "",
           "namespace headrace::text::reference_unicode::detail {", ""]
    index, values = two_stages(record_of)
    out += array("uint16_t", "kRecordBlockOf", index, 28) + array("uint8_t", "kRecordOf", values, 32)
    out += [f"const Record kRecords[{len(records)}] = {{",
            *(f"    {{{combining}, ClusterClass({cluster}), {flags}}}," for combining, cluster, flags in records), "};", ""]
    for name, mapping in (("Canonical", canonical), ("Compatible", compatible), ("Lower", results(Lowercase())), ("Upper", uppercase())):
        index, values = two_stages(placed(mapping))
        assert max(values) < 1 << 16
        out += array("uint16_t", f"k{name}BlockOf", index, 28) + array("uint16_t", f"k{name}At", values, 24)
    out += array("char32_t", "kMappings", pool, 24)
    ordered = sorted(pairs.items())
    out += [f"const size_t kCompositionCount = {len(ordered)};", f"const Composition kCompositions[{len(ordered)}] = {{",
            *rows([f"{{{first}, {second}, {composed}}}" for (first, second), composed in ordered], 6), "};", "",
            "}  // namespace headrace::text::reference_unicode::detail", ""]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1])
