#!/usr/bin/env python3
"""Makes the texts of bench_tokenize: tokenize_corpora.py FOLDER

English, code, Chinese, Japanese and Russian of at most 4 MB each, from Debian's documentation
packages (fetched with apt-get download, never installed) and from the headers under /usr/include.
Every text is in normalization form C. Prints each file's size and hash."""
import gzip
import hashlib
import html
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

MOST_BYTES = 4_000_000
PACKAGES = {
    "english": ["debian-reference-en", "vim-doc", "debian-handbook"],
    "chinese": ["debian-reference-zh-cn", "manpages-zh", "maint-guide-zh-cn", "debian-faq-zh-cn"],
    "japanese": ["debian-reference-ja", "manpages-ja", "developers-reference-ja", "aptitude-doc-ja"],
    "russian": ["aptitude-doc-ru", "manpages-ru", "manpages-ru-dev", "maint-guide-ru", "debian-faq-ru"],
}
# A file counts as of its language when at least this part of its letters is.
SCRIPTS = {"chinese": (r"[\u4e00-\u9fff]", 0.2), "japanese": (r"[\u3040-\u30ff]", 0.15), "russian": (r"[\u0400-\u04ff]", 0.3)}


def text_of(path):
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    text = data.decode("utf-8", "ignore")
    if "".join(path.suffixes).startswith(".html"):
        text = html.unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", "", text))
    elif re.search(r"\.[1-9]\.gz$", path.name):
        text = re.sub(r'(?m)^\.\\".*$|^\.[A-Za-z]+ ?|\\f[A-Z]|\\-|\\&', "", text)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return unicodedata.normalize("NFC", re.sub(r"\n{3,}", "\n\n", text))


def of_language(text, language):
    if language not in SCRIPTS:
        return len(text) > 0 and sum(c.isascii() for c in text) > 0.98 * len(text)
    pattern, part = SCRIPTS[language]
    return len(re.findall(pattern, text)) > part * len(text)


def collect(paths, language):
    parts, size = [], 0
    for path in sorted(paths, key=lambda path: hashlib.sha1(path.name.encode()).digest()):
        if size >= MOST_BYTES:
            break
        text = text_of(path)
        if language == "code" or of_language(text, language):
            parts.append(text)
            size += len(text.encode())
    return "".join(parts).encode()[:MOST_BYTES].decode("utf-8", "ignore")


def unpacked(package, folder):
    subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
    archive = next(folder.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg", "-x", archive, folder / package], check=True)
    return [path for path in (folder / package).rglob("*")
            if path.is_file() and not path.is_symlink() and re.search(r"\.(html|txt|[1-9]|html\.\w+)(\.gz)?$", path.name)]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        texts = {language: collect([path for package in packages for path in unpacked(package, pathlib.Path(temporary))], language)
                 for language, packages in PACKAGES.items()}
    texts["code"] = collect(pathlib.Path("/usr/include").rglob("*.h*"), "code")
    for language, text in texts.items():
        data = text.encode()
        (out / f"{language}.txt").write_bytes(data)
        print(f"{language}: {len(data)} bytes, sha1 {hashlib.sha1(data).hexdigest()}")


if __name__ == "__main__":
    main()
