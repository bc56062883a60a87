"""Makers of tiny models that transcribe: CTC and Whisper."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tiny_models import Parts, _talkative, bpe_tokenizer

LANGUAGES = ("<|en|>", "<|fr|>")
WHISPER_SECONDS = 2
"""The window of the tiny Whisper, in place of 30 s."""


def ctc_tokenizer() -> Any:
    import transformers

    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.json"
        file.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
        return transformers.Wav2Vec2CTCTokenizer(str(file))


def wav2vec2() -> Parts:
    import transformers

    tokenizer = ctc_tokenizer()
    config = transformers.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        conv_dim=(16,) * 4, conv_stride=(5, 4, 4, 4), conv_kernel=(10, 8, 4, 4),
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, num_feat_extract_layers=4,
        vocab_size=len(tokenizer), pad_token_id=0, feat_extract_norm="layer",
    )  # fmt: skip
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    return transformers.Wav2Vec2ForCTC(config), extractor, tokenizer


def wav2vec2_bert() -> Parts:
    import transformers

    tokenizer = ctc_tokenizer()
    config = transformers.Wav2Vec2BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, feature_projection_input_dim=80, apply_spec_augment=False,
        conv_depthwise_kernel_size=15, pad_token_id=0,
    )  # fmt: skip
    extractor = transformers.SeamlessM4TFeatureExtractor(feature_size=40, num_mel_bins=40, stride=2)
    return transformers.Wav2Vec2BertForCTC(config), extractor, tokenizer


def whisper() -> Parts:
    """Multilingual: English and French, with the generation config of the real one."""
    import transformers

    tokenizer, ids = _whisper_tokenizer()
    ends = {"pad_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|endoftext|>"]}
    start = {"decoder_start_token_id": ids["<|startoftranscript|>"]}
    config = transformers.WhisperConfig(
        vocab_size=len(tokenizer), num_mel_bins=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, d_model=32, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_source_positions=50 * WHISPER_SECONDS, max_target_positions=64,
        bos_token_id=ids["<|endoftext|>"], **ends, **start,
    )  # fmt: skip
    model = _talkative(transformers.WhisperForConditionalGeneration(config))
    model.generation_config = transformers.GenerationConfig(
        max_length=40, is_multilingual=True,
        lang_to_id={mark: ids[mark] for mark in LANGUAGES},
        task_to_id={name: ids[f"<|{name}|>"] for name in ("transcribe", "translate")},
        no_timestamps_token_id=ids["<|notimestamps|>"], prev_sot_token_id=ids["<|startofprev|>"],
        return_timestamps=False, alignment_heads=[[0, 0], [0, 1]], max_initial_timestamp_index=50,
        **ends, **start,
    )  # fmt: skip
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=WHISPER_SECONDS)
    return model, extractor, tokenizer


def _whisper_tokenizer() -> tuple[Any, dict[str, int]]:
    import transformers

    base = json.loads(bpe_tokenizer()._tokenizer.to_str())["model"]
    vocab = {piece: i for piece, i in base["vocab"].items() if not piece.startswith("<|")}
    vocab = {piece: i for i, piece in enumerate([*vocab, "<|endoftext|>"])}
    tokenizer = transformers.WhisperTokenizer(
        vocab=vocab, merges=[tuple(m) for m in base["merges"]], pad_token="<|endoftext|>"
    )
    names = ("startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech")
    start, *others = (f"<|{name}|>" for name in (*names, "notimestamps"))
    marks = [start, *LANGUAGES, *others]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.add_tokens([f"<|{step * 0.02:.2f}|>" for step in range(50 * WHISPER_SECONDS + 1)])
    known = [*marks, "<|endoftext|>"]
    return tokenizer, {mark: tokenizer.convert_tokens_to_ids(mark) for mark in known}


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "wav2vec2": wav2vec2,
    "wav2vec2-bert": wav2vec2_bert,
    "whisper": whisper,
}
MODELS = {"automatic-speech-recognition": "wav2vec2"}
