"""Models of a few thousand weights, which are made in a moment."""

from __future__ import annotations

from pathlib import Path

WORDS = "i we my the cat dog slept barked on at warm stove rain came down who what ? . :".split()


def save_bert(folder: Path, kind: str = "BertForSequenceClassification", labels: int = 1) -> Path:
    """Fill a folder with a BERT of this class, with random weights; returns the folder."""
    import torch
    import transformers

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = transformers.BertTokenizer(
        vocab={word: number for number, word in enumerate(vocabulary)}, model_max_length=64
    )
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.8,
    )
    config.num_labels = labels
    torch.manual_seed(7)
    getattr(transformers, kind)(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_llama(words: list[str]) -> tuple[object, object]:
    """A tokenizer that knows these words, in lower case, and an untrained Llama that reads them."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    numbers = {word: number for number, word in enumerate(dict.fromkeys(["[UNK]", *words]))}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    config = transformers.LlamaConfig(
        vocab_size=len(numbers),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    torch.manual_seed(7)
    model = transformers.LlamaForCausalLM(config)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer), model
