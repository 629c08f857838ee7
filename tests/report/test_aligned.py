"""Columns that line up, and text that cannot steer a terminal."""

from rnnforecast.report.aligned import aligned, escaped


def test_text_is_flush_left_and_numbers_are_flush_right():
    assert aligned([["a", "10"], ["bcd", "2"]]) == "a    10\nbcd   2\n"


def test_control_characters_of_a_file_are_written_out():
    assert escaped("a\x1b[31m\nb") == "a\\x1b[31m\\nb"
    assert aligned([["a\tb", "1"]]) == "a\\tb  1\n"


def test_other_scripts_and_signs_stand_as_they_are():
    assert escaped("Pegel Köln °C 水位") == "Pegel Köln °C 水位"


def test_no_line_ends_with_blanks():
    assert aligned([["a", ""], ["bcd", ""]], left=2) == "a\nbcd\n"
