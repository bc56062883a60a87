"""Makers of tiny models that name sounds: AST, Wav2Vec2, Whisper's encoder, CLAP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.tiny_hearing import WHISPER_SECONDS
from tests.tiny_models import SAMPLING_RATE, Parts, bert_tokenizer, labelled

SOUNDS = ("bell", "siren", "speech", "drum")
AST_FRAMES = 64
CLAP_SECONDS = 1
CLAP_TOKENS = 48


def ast() -> Parts:
    """Hears 0.64 s at once."""
    import transformers

    config = transformers.ASTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        num_mel_bins=32, max_length=AST_FRAMES, **labelled(*SOUNDS),
    )  # fmt: skip
    extractor = transformers.ASTFeatureExtractor(num_mel_bins=32, max_length=AST_FRAMES)
    return transformers.ASTForAudioClassification(config), extractor


def wav2vec2_sounds() -> Parts:
    """Hears any length from 2,110 samples on, which is more than 0.1 s."""
    import transformers

    config = transformers.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        conv_dim=(16,) * 3, conv_stride=(10,) * 3, conv_kernel=(20,) * 3, num_feat_extract_layers=3,
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, classifier_proj_size=16,
        feat_extract_norm="layer", apply_spec_augment=False, **labelled(*SOUNDS),
    )  # fmt: skip
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    return transformers.Wav2Vec2ForSequenceClassification(config), extractor


def whisper_sounds() -> Parts:
    import transformers

    config = transformers.WhisperConfig(
        vocab_size=60, num_mel_bins=16, encoder_layers=1, decoder_layers=1, d_model=32,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_source_positions=50 * WHISPER_SECONDS, max_target_positions=64,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
        **labelled(*SOUNDS),
    )  # fmt: skip
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=WHISPER_SECONDS)
    return transformers.WhisperForAudioClassification(config), extractor


def clap(truncation: str = "rand_trunc") -> Parts:
    import transformers

    tokenizer = bert_tokenizer(
        model_max_length=CLAP_TOKENS, model_input_names=["input_ids", "attention_mask"]
    )
    fused = truncation == "fusion"
    audio: dict[str, Any] = {
        "spec_size": 64, "num_mel_bins": 16, "window_size": 2, "patch_size": 4,
        "patch_stride": (4, 4), "patch_embeds_hidden_size": 16, "hidden_size": 32,
        "depths": (1, 1), "num_attention_heads": (2, 2), "num_hidden_layers": 2, "num_classes": 8,
        "enable_fusion": fused, "fusion_type": "channel_map" if fused else None,
        "patch_embed_input_channels": 1,
    }  # fmt: skip
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 64, "pad_token_id": 0,
        "max_position_embeddings": CLAP_TOKENS + 1, "bos_token_id": 2, "eos_token_id": 3,
    }  # fmt: skip
    config = transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=16)
    extractor = transformers.ClapFeatureExtractor(
        feature_size=16, sampling_rate=SAMPLING_RATE, hop_length=160, max_length_s=CLAP_SECONDS,
        fft_window_size=400, frequency_min=50, frequency_max=8_000, truncation=truncation,
        padding="repeatpad",
    )  # fmt: skip
    return transformers.ClapModel(config), extractor, tokenizer


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "ast": ast,
    "wav2vec2-sounds": wav2vec2_sounds,
    "whisper-sounds": whisper_sounds,
    "clap": clap,
}
MODELS = {"audio-classification": "ast", "zero-shot-audio-classification": "clap"}
