"""Makers of tiny models that make sound: speech by letters, music, and spectrograms only."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tiny_models import Parts, _talkative, bert_tokenizer

VOICES = 3
MUSIC_RATE, MUSIC_HOP = 8_000, 160
"""Hz, and the samples of one token of the tiny MusicGen."""


def vits_tokenizer(**changes: Any) -> Any:
    import transformers

    letters = ["<pad>", "<unk>", *" abcdefghijklmnopqrstuvwxyz'"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.json"
        file.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
        spelling = {"phonemize": False, "add_blank": True, "normalize": True, "language": "eng"}
        return transformers.VitsTokenizer(str(file), **{**spelling, **changes})


def vits() -> Parts:
    """One voice, drawn by chance as the real ones are."""
    return _vits(), vits_tokenizer()


def vits_voices() -> Parts:
    return _vits(num_speakers=VOICES, speaker_embedding_size=8), vits_tokenizer()


def vits_phonemes() -> Parts:
    """Reads what phonemizer writes."""
    return _vits(), vits_tokenizer(phonemize=True)


def _vits(**changes: Any) -> Any:
    import transformers

    return transformers.VitsModel(
        transformers.VitsConfig(
            vocab_size=len(vits_tokenizer()), hidden_size=16, num_hidden_layers=1,
            num_attention_heads=2, ffn_dim=32,
            flow_size=16, spectrogram_bins=17, upsample_initial_channel=32, upsample_rates=(8, 8),
            upsample_kernel_sizes=(16, 16), resblock_kernel_sizes=(3,),
            resblock_dilation_sizes=((1, 3),), duration_predictor_num_flows=1,
            duration_predictor_filter_channels=16, prior_encoder_num_flows=1,
            prior_encoder_num_wavenet_layers=1, posterior_encoder_num_wavenet_layers=1,
            **changes,
        )
    )  # fmt: skip


def musicgen() -> Parts:
    """T5, MusicGen's decoder and EnCodec, with the settings of the real one."""
    import transformers

    tokenizer = bert_tokenizer(model_input_names=["input_ids", "attention_mask"])
    text = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2
    )
    codec = transformers.EncodecConfig(
        sampling_rate=MUSIC_RATE, audio_channels=1, num_filters=4, num_residual_layers=1,
        upsampling_ratios=[8, 5, 4], codebook_size=32, codebook_dim=8, hidden_size=8,
        num_lstm_layers=1, target_bandwidths=[0.5, 1.0],
    )  # fmt: skip
    decoder = transformers.MusicgenDecoderConfig(
        vocab_size=32, max_position_embeddings=128, num_hidden_layers=1, ffn_dim=32,
        num_attention_heads=2, hidden_size=16, num_codebooks=4, pad_token_id=32, bos_token_id=32,
    )  # fmt: skip
    model = transformers.MusicgenForConditionalGeneration(
        transformers.MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=decoder)
    )
    for part in (model.text_encoder, model.decoder):
        _talkative(part)
    for layer in model.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_()  # zeros otherwise: every token would sound the same
    model.generation_config = transformers.GenerationConfig(
        do_sample=True, guidance_scale=3.0, max_length=30, decoder_start_token_id=32,
        pad_token_id=32, bos_token_id=32,
    )  # fmt: skip
    return model, tokenizer


def bark() -> Parts:
    """Three language models one after the other, and EnCodec; vocabularies of the real one."""
    import transformers
    from transformers.models import bark as parts

    tokenizer = bert_tokenizer()
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_size": 16, "block_size": 1024}
    vocabularies = {"semantic": (129_600, 10_048), "coarse": (12_096,) * 2, "fine": (1_056,) * 2}
    configs = {
        "semantic_config": parts.BarkSemanticConfig, "coarse_acoustics_config":
        parts.BarkCoarseConfig, "fine_acoustics_config": parts.BarkFineConfig,
    }  # fmt: skip
    made = {
        key: kind(**sizes, input_vocab_size=read, output_vocab_size=written).to_dict()
        for (key, kind), (read, written) in zip(configs.items(), vocabularies.values(), strict=True)
    }
    codec = transformers.EncodecConfig(
        sampling_rate=24_000, audio_channels=1, num_filters=4, num_residual_layers=1,
        upsampling_ratios=[8, 5, 4, 2], codebook_size=1024, codebook_dim=8, hidden_size=8,
        num_lstm_layers=1,
    )  # fmt: skip
    model = transformers.BarkModel(transformers.BarkConfig(**made, codec_config=codec.to_dict()))
    for layer in model.codec_model.quantizer.layers:
        layer.codebook.embed.normal_()
    return model, tokenizer, BarkGeneration()


class BarkGeneration:
    """The file of generation settings, which BarkGenerationConfig cannot write (5.23)."""

    def save_pretrained(self, folder: Path) -> None:
        from transformers.models.bark import generation_configuration_bark as settings

        semantic = settings.BarkSemanticGenerationConfig(max_new_tokens=20, do_sample=True)
        written = {
            "model_type": "bark",
            "codebook_size": 1024,
            "sample_rate": 24_000,
            "semantic_config": semantic.to_dict(),
            "coarse_acoustics_config": settings.BarkCoarseGenerationConfig().to_dict(),
            "fine_acoustics_config": settings.BarkFineGenerationConfig().to_dict(),
        }
        (folder / "generation_config.json").write_text(json.dumps(written))


def speecht5() -> Parts:
    """Writes spectrograms; without a vocoder there is no sound."""
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.SpeechT5Config(
        vocab_size=len(tokenizer), hidden_size=16, encoder_layers=1, encoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=32,
        num_mel_bins=8, speech_decoder_prenet_units=16, speech_decoder_postnet_units=16,
        speech_decoder_postnet_layers=2, speaker_embedding_dim=8, positional_dropout=0.0,
    )  # fmt: skip
    return transformers.SpeechT5ForTextToSpeech(config), tokenizer


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "vits": vits,
    "vits-voices": vits_voices,
    "vits-phonemes": vits_phonemes,
    "musicgen": musicgen,
    "bark": bark,
    "speecht5": speecht5,
}
MODELS = {"text-to-audio": "vits"}
