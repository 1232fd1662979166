"""The form refuses while one types, keeps every digit, and remembers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquire.window.form import Form, Sheet
from tests.acquire.window.fake_session import FakeSession, Series, Sweep


@pytest.fixture
def form(qtbot, memory):
    session = FakeSession()
    made = Form(session.procedures, session.check, session.estimate_s, memory)
    qtbot.addWidget(made)
    made.show()
    return made


def typed(form, name, text):
    form.sheet.entries[name].editor.setText(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [("9.5", "above the limit, 9 T"), ("-9.5", "below the limit"), ("nan", "not finite"), ("inf", "not finite"),
     ("", "not a number"), ("0,2", "not a number"), ("1 T", "not a number"), ("1e999", "not finite")],
)  # fmt: skip
def test_refuses_at_once_what_is_no_number_or_out_of_limits(form, text, why):
    typed(form, "field_stop_T", text)
    assert why in form.refusal.text()
    assert form.refusal.text().startswith("Field to")
    assert form.sheet.entries["field_stop_T"].editor.property("refused") is True
    assert not form.start_button.isEnabled()
    assert not form.queue_button.isEnabled()
    typed(form, "field_stop_T", "0.3")
    assert form.start_button.isEnabled()
    assert form.sheet.entries["field_stop_T"].editor.property("refused") is False


def test_the_rig_has_the_last_word(form, qtbot):
    typed(form, "field_stop_T", "6")
    qtbot.waitUntil(lambda: "above its limit 5 T" in form.refusal.text())
    assert not form.start_button.isEnabled()
    sent = []
    form.start.connect(sent.append)
    form.press_start()
    assert sent == []


def test_nothing_refused_ever_starts_even_before_the_rig_was_asked(form):
    sent = []
    form.start.connect(sent.append)
    typed(form, "field_stop_T", "6")
    form.press_start()
    assert sent == []


def test_says_how_long_it_takes(form):
    assert form.takes.text() == "takes 12 min"


@pytest.mark.parametrize("value", [0.123456789, 1e-7, 0.1 + 0.2, -8.999999999])
def test_every_digit_is_kept(form, value):
    typed(form, "field_start_T", repr(value))
    assert form.look().field_start_T == value


@given(st.floats(-9, 9))
def test_a_number_comes_back_as_it_was_shown(qapp, value):
    sheet = Sheet(Sweep)
    sheet.entries["field_start_T"].set_value(value)
    assert sheet.make().field_start_T == value


def test_own_parameters_come_first_and_units_are_shown(form):
    assert next(iter(form.sheet.entries)) == "temperatures_K"
    assert "from -9 to 9 T" in form.sheet.entries["field_stop_T"].toolTip()
    assert "last field" in form.sheet.entries["field_stop_T"].toolTip()


def test_what_another_choice_makes_pointless_is_hidden_and_does_not_count(form):
    typed(form, "temperature_K", "abc")
    assert form.refusal.text()
    form.sheet.entries["set_temperature"].editor.setChecked(False)
    assert form.sheet.entries["temperature_K"].isHidden()
    assert not form.refusal.text()
    assert form.look() is not None


def test_last_values_are_remembered_for_each_procedure(form, qtbot, memory):
    typed(form, "field_stop_T", "0.123456789")
    form.sheet.entries["shape"].set_value("five quadrants")
    form._send(form.queue)
    session = FakeSession()
    again = Form(session.procedures, session.check, session.estimate_s, memory)
    qtbot.addWidget(again)
    assert again.look().field_stop_T == 0.123456789
    assert again.look().shape == "five quadrants"
    again.procedure.setCurrentText("Field sweep")
    assert again.sheet.procedure is Sweep
    assert again.look().field_stop_T == 0.2


@pytest.mark.parametrize("stored", ["[1, 2]", "{", '{"field_stop_T": "99", "gone": "1"}', '{"field_stop_T": null}'])
def test_a_memory_that_is_damaged_or_out_of_limits_is_passed_over(qtbot, memory, stored):
    memory.setValue("form/Temperature series", stored)
    session = FakeSession()
    form = Form(session.procedures, session.check, session.estimate_s, memory)
    qtbot.addWidget(form)
    assert form.sheet.procedure is Series
    assert form.look().field_stop_T == 0.2


def test_start_waits_while_something_runs(form):
    form.set_running(True)
    assert not form.start_button.isEnabled()
    sent = []
    form.start.connect(sent.append)
    form.queue.connect(sent.append)
    form.press_start()
    assert sent == []
    form._send(form.queue)
    assert len(sent) == 1
    form.set_running(False)
    assert form.start_button.isEnabled()


def test_a_session_without_procedures_has_an_empty_form(qtbot, memory):
    form = Form({}, lambda p: None, lambda p: 0.0, memory)
    qtbot.addWidget(form)
    assert form.look() is None
    assert not form.start_button.isEnabled()
