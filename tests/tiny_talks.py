"""Makers of tiny models that answer about pictures and recordings, with random weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.tiny_models import WINDOW, Parts, bert_tokenizer, bpe_tokenizer, image_processor

TALK_WINDOW = 512
"""Tokens of the models that chat about files."""
PICTURE_TOKENS = 16
"""Of one picture: four patches a side."""
SOUND_SECONDS = 2
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% elif part['type'] == 'audio' %}<|AUDIO|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if not (loop.last and continue_final_message) %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
WRITER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": TALK_WINDOW,
}
SQUARE = {"size": {"height": 32, "width": 32}}
WORDS_ONLY = {"model_input_names": ["input_ids", "attention_mask"]}


def _tokenizer(*marks: str, **changes: Any) -> Any:
    tokenizer = bpe_tokenizer(model_max_length=TALK_WINDOW, padding_side="left", **WORDS_ONLY)
    tokenizer.pad_token = tokenizer.bos_token
    tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    return tokenizer


def _ids(tokenizer: Any) -> dict[str, int]:
    return {f"{n}_token_id": getattr(tokenizer, f"{n}_token_id") for n in ("bos", "eos", "pad")}


def llava() -> Parts:
    import transformers

    tokenizer = _tokenizer("<image>")
    pictures = image_processor("SiglipImageProcessor", **SQUARE)
    config = transformers.LlavaConfig(
        vision_config=transformers.SiglipVisionConfig(**TOWER, vision_use_head=False),
        text_config=transformers.LlamaConfig(
            vocab_size=len(tokenizer), initializer_range=0.4, **WRITER, **_ids(tokenizer)
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=PICTURE_TOKENS,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    processor = transformers.LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
    )
    return transformers.LlavaForConditionalGeneration(config), processor


def blip() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    tokenizer.add_special_tokens({"bos_token": "[DEC]"})
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": WINDOW,
        "encoder_hidden_size": 32,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = transformers.BlipConfig(
        text_config=text, vision_config=TOWER, projection_dim=16, image_text_hidden_size=16
    )
    pictures = image_processor("BlipImageProcessor", **SQUARE)
    processor = transformers.BlipProcessor(pictures, tokenizer)
    return transformers.BlipForConditionalGeneration(config), processor


def git() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.GitConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=WINDOW,
        vision_config=TOWER,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    pictures = image_processor(
        "CLIPImageProcessor", size={"shortest_edge": 32}, crop_size=SQUARE["size"]
    )
    return transformers.GitForCausalLM(config), transformers.GitProcessor(pictures, tokenizer)


def qwen2_audio() -> Parts:
    import transformers

    tokenizer = _tokenizer("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
    config = transformers.Qwen2AudioConfig(
        audio_config={
            "num_mel_bins": 16,
            "encoder_layers": 1,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "d_model": 32,
            "max_source_positions": 50 * SOUND_SECONDS,
        },
        text_config=transformers.Qwen2Config(
            vocab_size=len(tokenizer), initializer_range=0.4, **WRITER, **_ids(tokenizer)
        ),
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    listener = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=SOUND_SECONDS)
    processor = transformers.Qwen2AudioProcessor(listener, tokenizer, chat_template=TEMPLATE)
    return transformers.Qwen2AudioForConditionalGeneration(config), processor


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "llava": llava,
    "blip": blip,
    "git": git,
    "qwen2-audio": qwen2_audio,
}
MODELS = {"image-text-to-text": "llava", "any-to-any": "llava"}
