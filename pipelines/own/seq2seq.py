"""A text is read, another one is written: T5, BART, Pegasus, Marian, NLLB, mBART, M2M100."""

from __future__ import annotations

from typing import Any

from transformers import GenerationConfig, Pipeline

MAX_NEW_TOKENS = 256


class Seq2SeqPipeline(Pipeline):
    """`pipe(text)` gives [{"generated_text"}, ...], all that the decoder wrote.

    The library's text-generation pipeline takes encoder-decoder models too and cuts as many tokens
    off their answer as the question has (transformers 5.23). `src_lang` and `tgt_lang` are codes
    of the tokenizer ("eng_Latn", "fr_XX"); every other keyword goes to `generate`.
    """

    _pipeline_calls_generate = True
    _load_processor = False
    _load_image_processor = False
    _load_feature_extractor = False
    _load_tokenizer = True
    _default_generation_config = GenerationConfig(max_new_tokens=MAX_NEW_TOKENS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # generate() warns of it at every call that says max_new_tokens, and goes by that.
        self.model.generation_config.max_length = None

    def _sanitize_parameters(
        self,
        src_lang: str | None = None,
        tgt_lang: str | None = None,
        skip_special_tokens: bool | None = None,
        clean_up_tokenization_spaces: bool | None = None,
        **generate: Any,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        read = {"src_lang": src_lang} if src_lang else {}
        if tgt_lang:
            generate["forced_bos_token_id"] = self.tokenizer.convert_tokens_to_ids(tgt_lang)
        write = {
            "skip_special_tokens": skip_special_tokens,
            "clean_up_tokenization_spaces": clean_up_tokenization_spaces,
        }
        return read, generate, {name: v for name, v in write.items() if v is not None}

    def preprocess(self, text: str, src_lang: str | None = None) -> dict[str, Any]:
        """Token ids of shape (1, tokens); longer texts than the model's window are cut."""
        if src_lang:
            self.tokenizer.src_lang = src_lang
        encoded = self.tokenizer(text, truncation=True, return_tensors="pt")
        taken = ("input_ids", "attention_mask")
        return {name: encoded[name] for name in taken}

    def _forward(self, inputs: dict[str, Any], **generate: Any) -> dict[str, Any]:
        """Token ids of shape (texts, answers, tokens)."""
        count = inputs["input_ids"].shape[0]
        written = self.model.generate(**inputs, **self._prepare_generate_kwargs(generate))
        return {"written": written.reshape(count, -1, written.shape[-1])}

    def postprocess(
        self,
        outputs: dict[str, Any],
        skip_special_tokens: bool = True,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> list[dict[str, str]]:
        texts = self.tokenizer.batch_decode(
            outputs["written"][0],
            skip_special_tokens=skip_special_tokens,
            clean_up_tokenization_spaces=clean_up_tokenization_spaces,
        )
        return [{"generated_text": text.strip()} for text in texts]


class TapexPipeline(Seq2SeqPipeline):
    """A question and a table in one text: a BART whose tokenizer the library has no more (5.23).

    What that did beside BART's own is to write the table as a text; the row does it.
    """

    tokenizer_class = "BartTokenizer"
