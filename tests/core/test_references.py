"""Citation lines lead to complete BibTeX entries, each to its own."""

import pytest

from prbench.contestants.folders import declaration_of, installed_declarations
from prbench.core import load_plugin, plugin_names
from prbench.core.references import Reference, bibliography, cited, find_reference, parse_bibtex, references


def test_every_entry_is_complete_and_has_a_key_of_its_own():
    keys = [reference.key for reference in references()]
    assert len(set(keys)) == len(keys) >= 80
    assert keys == sorted(keys)
    for reference in references():
        assert reference.missing == (), reference.key
        assert "year" not in reference.fields or 1900 < int(reference.fields["year"]) < 2100


def test_no_identifier_leads_to_two_entries():
    found = [identifier for reference in references() for identifier in reference.identifiers]
    assert len(set(found)) == len(found)


def test_every_entry_belongs_to_something_registered():
    lines = [load_plugin(kind, name).info.cite for kind in ("solver", "dataset", "metric") for name in plugin_names(kind)]
    lines += [declaration_of(name).cite for name in installed_declarations()]
    named = {reference.key for line in lines for reference in cited(line)}
    assert {reference.key for reference in references()} <= named


@pytest.mark.parametrize("name", plugin_names("metric"))
def test_the_references_of_a_metric_are_complete(name):
    for entry in cited(load_plugin("metric", name).info.cite, name):
        assert entry.missing == (), entry.key


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758", "fienup1982phase"),
        ("after the weakly scattering specimens of Zhuang and others (2022), arXiv:2211.00799", "zhuang2022practical"),
        ("Gerchberg, Saxton, Optik 35 (1972) 237", "gerchberg1972practical"),
        ("Manekar, Zhuang, Tayal, Kumar, Sun, NeurIPS 2020 Workshop", "manekar2020deep"),
        ("qpretrieve, https://github.com/RI-imaging/qpretrieve", "qpretrieve"),
    ],
)
def test_a_source_leads_to_its_entry(source, key):
    assert find_reference(source).key == key


@pytest.mark.parametrize(
    "source",
    [
        "the file's own",
        "Fienup, another paper (1982)",  # an entry with a DOI is found by the DOI alone
        "Gerchberg, Saxton (1972), doi:10.1000/another",  # a DOI that the file lacks is no reason to take a namesake
        "Nobody (2031), arXiv:3101.00001",
    ],
)
def test_a_source_without_an_entry_leads_to_none(source):
    assert find_reference(source) is None


def test_an_unknown_source_is_kept_as_it_is():
    (entry,) = cited("Nobody & Co (2031), arXiv:3101.00001", "mine")
    assert (entry.kind, entry.key, entry.fields["eprint"]) == ("misc", "mine-1", "3101.00001")
    assert r"\&" in entry.fields["note"]
    assert parse_bibtex(entry.bibtex) == [entry]


def test_a_plugins_own_entry_counts_instead_of_its_line():
    own = "@article{mine, author = {Me, M.}, title = {On {X}}, journal = {J}, year = {2031}}"
    (entry,) = cited("Me (2031), doi:10.1/2", "mine", own)
    assert entry.key == "mine"
    assert entry.missing == ()


@pytest.mark.parametrize("text", ["@article{mine2, title = {x}", "@article{mine2, title = {x", "@article{mine2, title = 3}"])
def test_a_broken_entry_is_refused(text):
    with pytest.raises(ValueError, match=r"\bmine2\b"):
        parse_bibtex(text)


def test_text_and_entries_lead_to_each_other():
    assert parse_bibtex(bibliography(references())) == list(references())
    assert bibliography([]) == ""
    assert Reference("article", "a", {"title": "x"}).missing == ("author", "journal", "year")
