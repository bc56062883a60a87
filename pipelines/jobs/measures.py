"""Measures: how well found answers fit the true ones, summed up row by row."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipelines.overlaps import iou

MOST_LABELS = 40
"""A confusion matrix of more labels cannot be read; the most frequent ones are kept."""
OVERLAP = 0.5
"""Intersection over union from which a found box counts as right."""
EDGES = ("xmin", "ymin", "xmax", "ymax")


class Measure(Protocol):
    """Sums up row by row: `add` gives how good one answer is, 0 to 1."""

    def add(self, found: Any, truth: Any) -> float: ...

    def scores(self) -> dict[str, float]: ...


@dataclass
class LabelMeasure:
    """Accuracy, macro F1 and confusion of the first label; case and outer blanks do not count."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, found: Any, truth: str) -> float:
        pair = truth.strip(), str(found or "").strip()
        same = pair[0].casefold() == pair[1].casefold()
        self.counts[(pair[0], pair[0]) if same else pair] += 1
        return float(same)

    def scores(self) -> dict[str, float]:
        from sklearn.metrics import accuracy_score, f1_score

        true, found = zip(*self.counts, strict=True)
        weights = list(self.counts.values())
        return {
            "accuracy": float(accuracy_score(true, found, sample_weight=weights)),
            "macro F1": float(
                f1_score(true, found, sample_weight=weights, average="macro", zero_division=0)
            ),
        }

    def matrix(self) -> tuple[list[str], list[list[int]]]:
        """The most frequent labels, and the rows counted by true and found label."""
        sums: Counter[str] = Counter()
        for (true, found), count in self.counts.items():
            sums.update({true: count})
            sums.update({found: count})
        labels = sorted(label for label, _ in sums.most_common(MOST_LABELS))
        return labels, [[self.counts[true, found] for found in labels] for true in labels]


@dataclass
class WordMeasure:
    """Word and character error rates of transcripts (jiwer), without case and punctuation."""

    wrong: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def add(self, found: Any, truth: str) -> float:
        import jiwer

        true, heard = _words(truth), _words(str(found or ""))
        if not true:
            return float(not heard)
        for name, process in (("WER", jiwer.process_words), ("CER", jiwer.process_characters)):
            seen = process(true, heard)
            self.wrong[name] += seen.substitutions + seen.deletions + seen.insertions
            self.total[name] += seen.substitutions + seen.deletions + seen.hits
        rate = jiwer.wer(true, heard)
        return max(0.0, 1.0 - float(rate))

    def scores(self) -> dict[str, float]:
        return {name: self.wrong[name] / max(1, total) for name, total in self.total.items()}


@dataclass
class AnswerMeasure:
    """Exact match and word F1 of short answers, as SQuAD counts them (Rajpurkar et al. 2016)."""

    exact: float = 0.0
    overlap: float = 0.0
    rows: int = 0

    def add(self, found: Any, truth: str) -> float:
        true, said = (ARTICLES.sub(" ", _words(t)).split() for t in (truth, str(found or "")))
        shared = sum((Counter(true) & Counter(said)).values())
        f1 = 2 * shared / (len(true) + len(said)) if true or said else 1.0
        self.exact += true == said
        self.overlap += f1
        self.rows += 1
        return f1

    def scores(self) -> dict[str, float]:
        return {"exact match": self.exact / self.rows, "F1": self.overlap / self.rows}


@dataclass
class EntityMeasure:
    """Precision, recall and F1 of entities; the truth is "PER: Mia; LOC: Oslo"."""

    right: int = 0
    found: int = 0
    there: int = 0

    def add(self, found: Any, truth: str) -> float:
        said, true = Counter(_entities(str(found))), Counter(_entities(truth))
        right = sum((said & true).values())
        self.right += right
        self.found += said.total()
        self.there += true.total()
        whole = said.total() + true.total()
        return 2 * right / whole if whole else 1.0

    def scores(self) -> dict[str, float]:
        precision, recall = self.right / max(1, self.found), self.right / max(1, self.there)
        both = 2 * self.right / max(1, self.found + self.there)
        return {"precision": precision, "recall": recall, "F1": both}


@dataclass
class BoxMeasure:
    """Mean average precision at IoU 0.5; the truth is JSON, a list of {"label", "box"}."""

    found: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    there: Counter[str] = field(default_factory=Counter)

    def add(self, found: Any, truth: str) -> float:
        left = _boxes(truth)
        self.there.update(label for label, _ in left)
        whole, right = len(left) + len(found), 0
        for item in sorted(found, key=lambda item: -item["score"]):
            label, box = str(item["label"]), [float(item["box"][edge]) for edge in EDGES]
            near = [t for t in left if t[0] == label and iou(box, t[1]) >= OVERLAP]
            if near:
                left.remove(max(near, key=lambda t: iou(box, t[1])))
            self.found[label].append((item["score"], bool(near)))
            right += bool(near)
        return 2 * right / whole if whole else 1.0

    def scores(self) -> dict[str, float]:
        """The mean over the true labels of the area under precision over recall."""
        from sklearn.metrics import average_precision_score

        precisions = []
        for label, there in self.there.items():
            items = self.found.get(label, [])
            right = sum(hit for _, hit in items)
            if not right:
                precisions.append(0.0)
                continue
            area = average_precision_score([hit for _, hit in items], [s for s, _ in items])
            precisions.append(float(area) * right / there)  # boxes that were not found at all
        return {"mAP at IoU 0.5": sum(precisions) / len(precisions) if precisions else 0.0}


ARTICLES = re.compile(r"\b(a|an|the)\b")
MARKS = re.compile(r"[^\w\s]")


def _words(text: str) -> str:
    return " ".join(MARKS.sub("", text.casefold()).split())


def _entities(text: str) -> list[tuple[str, str]]:
    pairs = (part.partition(":") for part in text.split(";"))
    return [(label.strip().upper(), _words(word)) for label, colon, word in pairs if colon]


def _boxes(truth: str) -> list[tuple[str, list[float]]]:
    try:
        listed = json.loads(truth)
        return [(str(b["label"]), [float(b["box"][edge]) for edge in EDGES]) for b in listed]
    except (ValueError, TypeError, KeyError):
        return []
