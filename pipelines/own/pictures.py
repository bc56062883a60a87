"""A picture is looked at, and a question on it is answered or a caption is written.

`read`, `ranked` and `rest` do the work on plain arguments, so that they can be shown as they are.
"""

from __future__ import annotations

from typing import Any

from transformers import GenerationConfig, Pipeline

MAX_NEW_TOKENS = 64


def read(
    model: Any, tokenizer: Any, image_processor: Any, picture: Any, text: str = ""
) -> dict[str, Any]:
    """Tensors of a picture (PIL RGB) and of the words with it, where the model is.

    The words are a question (ViLT, BLIP), or the answer begins with them. GIT goes on after words
    that no mark ends; models with a decoder of their own get them as its first tokens.
    """
    tensors = dict(image_processor(picture, return_tensors="pt"))
    if text and model.config.is_encoder_decoder:
        words = tokenizer(text, add_special_tokens=False, return_tensors="pt")
        tensors["decoder_input_ids"] = words["input_ids"]
    elif text:
        words = tokenizer(text, return_tensors="pt")
        end = -1 if model.config.model_type == "git" else None
        tensors |= {name: words[name][:, :end] for name in ("input_ids", "attention_mask")}
    return {
        name: t.to(model.device, model.dtype) if t.is_floating_point() else t.to(model.device)
        for name, t in tensors.items()
    }


def ranked(model: Any, logits: Any, top_k: int) -> list[dict[str, Any]]:
    """The likeliest answers of logits (1, answers), each with a score (0..1) of its own."""
    best = logits[0].float().sigmoid().topk(min(top_k, logits.shape[-1]))
    return [
        {"score": score, "answer": model.config.id2label[number]}
        for score, number in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]


def rest(tokenizer: Any, answer: str, text: str) -> str:
    """An answer without the words that it begins with, as the tokenizer writes them."""
    begin = tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True).strip()
    return answer.strip().removeprefix(begin).strip()


class PicturePipeline(Pipeline):
    """`pipe({"image": picture, "text": words})`, or a list of these.

    Models that write give [{"generated_text"}, ...] and take what `generate` takes in
    `generate_kwargs`; those that choose among the answers that they know give [{"answer",
    "score"}, ...], the `top_k` likeliest. `return_full_text` keeps the words that were given.
    """

    _pipeline_calls_generate = True
    _load_processor = False
    _load_image_processor = True
    _load_feature_extractor = False
    _load_tokenizer = True
    _default_generation_config = GenerationConfig(max_new_tokens=MAX_NEW_TOKENS)

    @property
    def ranks(self) -> bool:
        """Whether the model chooses an answer instead of writing one."""
        return not self.model.can_generate()

    def __call__(self, asked: Any, **kwargs: Any) -> Any:
        """One after the other: the library's loop over a list draws by lot once more (5.23), and
        a seed would give another answer than it gives to the model alone."""
        if not isinstance(asked, list):
            return super().__call__(asked, **kwargs)
        found = []
        for one in asked:
            found.append(super().__call__(one, **kwargs))
        return found

    def _sanitize_parameters(
        self,
        top_k: int | None = None,
        max_new_tokens: int | None = None,
        stop_sequence: list[str] | None = None,
        generate_kwargs: dict[str, Any] | None = None,
        return_full_text: bool | None = None,
        skip_special_tokens: bool | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        generate = dict(generate_kwargs or {})
        if max_new_tokens is not None:
            generate["max_new_tokens"] = max_new_tokens
        if stop_sequence:
            generate |= {"stop_strings": stop_sequence, "tokenizer": self.tokenizer}
        choosing = {
            "top_k": top_k,
            "return_full_text": return_full_text,
            "skip_special_tokens": skip_special_tokens,
        }
        chosen = {name: value for name, value in choosing.items() if value is not None}
        return {}, {"generate_kwargs": generate} if generate else {}, chosen

    def preprocess(self, asked: dict[str, Any]) -> dict[str, Any]:
        if getattr(self.image_processor, "is_vqa", False):
            raise ValueError("this model reads a question that is drawn into its picture")
        text = asked.get("text", "")
        parts = (self.model, self.tokenizer, self.image_processor)
        return {**read(*parts, asked["image"], text), "text": text}

    def _forward(
        self, inputs: dict[str, Any], generate_kwargs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        text = inputs.pop("text")
        if self.ranks:
            return {"logits": self.model(**inputs).logits, "text": text}
        generate = self._prepare_generate_kwargs(generate_kwargs or {})
        return {"written": self.model.generate(**inputs, **generate), "text": text}

    def postprocess(
        self,
        outputs: dict[str, Any],
        top_k: int = 5,
        return_full_text: bool = True,
        skip_special_tokens: bool = True,
    ) -> list[dict[str, Any]]:
        if "logits" in outputs:
            return ranked(self.model, outputs["logits"], top_k)
        answers = self.tokenizer.batch_decode(
            outputs["written"], skip_special_tokens=skip_special_tokens
        )
        if not return_full_text:
            answers = [rest(self.tokenizer, answer, outputs["text"]) for answer in answers]
        return [{"generated_text": answer.strip()} for answer in answers]
