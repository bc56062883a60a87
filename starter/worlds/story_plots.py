"""The plots of the stories: sentences in several wordings, a summary, questions with answers.

Slots: people {n} and {m} with {njob}, {mjob}, pronouns {they}, {their}, {them} (and {mthey} ...),
places {place} and {there}, a {colour} {thing}, an {animal}, {number} {food}, {day}, {weather},
{contest}. An answer must stand in the text as it is written here.
"""

from dataclasses import dataclass

Forms = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What happens. `questions` are (wordings, answer)."""

    name: str
    sentences: tuple[Forms, ...]
    summary: str
    questions: tuple[tuple[Forms, str], ...]


PLOTS: tuple[Plot, ...] = (
    Plot(
        name="found",
        sentences=(
            (
                "On {day} {n} the {njob} was {place}.",
                "{n} the {njob} was {place} on {day}.",
                "{n}, a {njob}, took a walk {place} on {day}.",
            ),
            (
                "There {they} found a {colour} {thing}.",
                "There a {colour} {thing} lay on the ground.",
            ),
            ("It belonged to {m} the {mjob}.", "The {thing} was {m}'s."),
            (
                "{n} gave it back and {m} was happy.",
                "{m} was very happy to have it again.",
                "{n} brought it back the same day.",
            ),
        ),
        summary="{n} found the {colour} {thing} of {m} {place} and gave it back.",
        questions=(
            (("Who found the {thing}?", "Who took a walk {place}?"), "{n}"),
            (("What did {n} find?", "What lay on the ground?"), "a {colour} {thing}"),
            (("Where did {n} find the {thing}?", "Where was {n}?"), "{place}"),
            (("When did {n} find the {thing}?", "When was {n} {place}?"), "{day}"),
            (("What is {n}'s job?", "What does {n} do?"), "{njob}"),
        ),
    ),
    Plot(
        name="lost",
        sentences=(
            (
                "{n} the {njob} lost {their} {colour} {thing} {place}.",
                "On {day} {n} lost {their} {colour} {thing} {place}.",
            ),
            ("{n} looked for it all day.", "For hours {they} looked everywhere."),
            ("Then {m} the {mjob} came to help.", "In the evening {m} the {mjob} came by."),
            ("{m} saw it {there}.", "At last {m} found it {there}."),
        ),
        summary="{m} found the {colour} {thing} that {n} had lost {place}.",
        questions=(
            (("Who lost the {thing}?", "Who lost a {colour} {thing}?"), "{n}"),
            (("Who found the {thing}?", "Who helped {n}?"), "{m}"),
            (("What did {n} lose?",), "{colour} {thing}"),
            (("Where did {n} lose the {thing}?",), "{place}"),
            (("Where was the {thing}?", "Where did {m} find the {thing}?"), "{there}"),
            (("What is {m}'s job?", "What does {m} do?"), "{mjob}"),
        ),
    ),
    Plot(
        name="gift",
        sentences=(
            (
                "{n} the {njob} wanted to make a present for {m}.",
                "{m} had a birthday and {n} the {njob} wanted to make a present.",
            ),
            ("{n} worked {place} until {day}.", "All week {n} worked {place}, until {day}."),
            ("Then the {colour} {thing} was ready.", "The present was a {colour} {thing}."),
            ("{m} liked it very much.", "{m} said thank you and smiled."),
        ),
        summary="{n} made a {colour} {thing} for {m}.",
        questions=(
            (("Who made the {thing}?", "Who wanted to make a present?"), "{n}"),
            (("Who got the {thing}?", "Who liked the present?"), "{m}"),
            (("What did {n} make?", "What was the present?"), "{colour} {thing}"),
            (("Where did {n} work?", "Where did {n} make the {thing}?"), "{place}"),
            (("When was the present ready?",), "{day}"),
            (("What is {n}'s job?", "What does {n} do?"), "{njob}"),
        ),
    ),
    Plot(
        name="repair",
        sentences=(
            (
                "On {day} the {colour} {thing} of {m} broke.",
                "The {colour} {thing} of {m} broke on {day}.",
            ),
            ("{m} was sad and went to {n} the {njob}.", "{m} asked {n} the {njob} for help."),
            ("{n} repaired it {place}.", "{n} repaired the {thing} {place}."),
            ("{m} paid with {number} {food}.", "{n} got {number} {food} for the work."),
        ),
        summary="{n} repaired the {colour} {thing} of {m} for {number} {food}.",
        questions=(
            (("Who repaired the {thing}?", "Who helped {m}?"), "{n}"),
            (("Who had a {colour} {thing}?", "Who was sad?"), "{m}"),
            (("What did {n} repair?", "What broke?"), "{colour} {thing}"),
            (("Where did {n} repair the {thing}?",), "{place}"),
            (("When did the {thing} break?",), "{day}"),
            (("What did {n} get?", "How did {m} pay?"), "{number} {food}"),
            (("What is {n}'s job?", "What does {n} do?"), "{njob}"),
        ),
    ),
    Plot(
        name="runaway",
        sentences=(
            (
                "The {colour} {animal} of {n} ran away on {day}.",
                "On {day} the {colour} {animal} of {n} ran away.",
            ),
            ("{n} the {njob} could not sleep.", "All night {n} the {njob} called for it."),
            (
                "In the morning {m} the {mjob} saw it {place}.",
                "{m} the {mjob} saw the {animal} {place}.",
            ),
            ("{m} brought it home.", "So {m} brought the {animal} home."),
        ),
        summary="{m} brought home the {colour} {animal} of {n}.",
        questions=(
            (("Who brought the {animal} home?", "Who saw the {animal}?"), "{m}"),
            (("Whose {animal} ran away?", "Who could not sleep?"), "{n}"),
            (("What ran away?", "Which animal ran away?"), "{colour} {animal}"),
            (("Where was the {animal}?", "Where did {m} see the {animal}?"), "{place}"),
            (("When did the {animal} run away?",), "{day}"),
            (("What is {m}'s job?", "What does {m} do?"), "{mjob}"),
        ),
    ),
    Plot(
        name="market",
        sentences=(
            ("{n} the {njob} sold {food} {place}.", "On {day} {n} the {njob} sold {food} {place}."),
            ("{m} came with a {colour} basket.", "{m} the {mjob} came early."),
            (
                "{m} bought {number} {food} for a party.",
                "{m} wanted {number} {food} and paid at once.",
            ),
            ("Then everything was sold.", "{n} went home with an empty cart."),
        ),
        summary="{m} bought {number} {food} from {n} {place}.",
        questions=(
            (("Who sold {food}?", "Who went home with an empty cart?"), "{n}"),
            (("Who bought {food}?", "Who came early?"), "{m}"),
            (("What did {m} buy?", "How many {food} did {m} buy?"), "{number} {food}"),
            (("Where did {n} sell {food}?",), "{place}"),
            (("What is {n}'s job?", "What does {n} do?"), "{njob}"),
        ),
    ),
    Plot(
        name="contest",
        sentences=(
            ("On {day} there was a {contest} {place}.", "There was a {contest} {place} on {day}."),
            ("{n} the {njob} and {m} the {mjob} took part.", "{n} and {m} took part."),
            ("{m} was tired and lost.", "{m} did well but lost in the end."),
            ("{n} won a {colour} {thing}.", "The prize was a {colour} {thing} and {n} won it."),
        ),
        summary="{n} won a {colour} {thing} in the {contest} {place}.",
        questions=(
            (("Who won?", "Who won the {contest}?"), "{n}"),
            (("Who lost?", "Who lost the {contest}?"), "{m}"),
            (("What did {n} win?", "What was the prize?"), "a {colour} {thing}"),
            (("Where was the {contest}?",), "{place}"),
            (("When was the {contest}?",), "{day}"),
        ),
    ),
    Plot(
        name="trip",
        sentences=(
            ("{n} and {m} wanted to spend {day} {place}.", "{n} and {m} were {place} on {day}."),
            (
                "{n} had {number} {food} in a {colour} bag.",
                "{m} carried {number} {food} for lunch.",
            ),
            ("Then the {weather} came.", "In the afternoon the {weather} surprised them."),
            ("They waited {there} and came home late.", "They had to stay {there} until night."),
        ),
        summary="{n} and {m} were {place} until the {weather} came.",
        questions=(
            (("Who was with {m}?", "Who went with {m}?"), "{n}"),
            (("Who was with {n}?", "Who went with {n}?"), "{m}"),
            (("What did they eat?", "What did they carry?"), "{number} {food}"),
            (("Where did they wait?", "Where did they stay?"), "{there}"),
            (("When were they {place}?", "When were {n} and {m} {place}?"), "{day}"),
            (("What surprised them?", "What came?"), "{weather}"),
        ),
    ),
)
