"""A random BERT of a few thousand weights, for tests and for the demo where no real model is wanted."""

from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_tiny_bert"]

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_tiny_bert(folder: Path, words: Iterable[str], *, hidden: int = 32, seed: int = 0) -> Path:
    """A model folder with 2 layers and a WordPiece tokenizer that knows these words and single characters.

    >>> import tempfile
    >>> sorted(p.name for p in write_tiny_bert(Path(tempfile.mkdtemp()), ["mug"]).iterdir())
    ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
    """
    import torch
    from transformers import BertConfig, BertModel

    from ingest.encode.load import quiet

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _vocabulary(words)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=2 * hidden, max_position_embeddings=128,
    )  # fmt: skip
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    _write_tokenizer(folder, vocabulary)
    return folder


def _vocabulary(words: Iterable[str]) -> dict[str, int]:
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("0123456789|>,.&'-")
    pieces = [*letters, *(f"##{letter}" for letter in letters), *(word.lower() for word in words)]
    return {piece: index for index, piece in enumerate(dict.fromkeys([*_SPECIAL, *pieces]))}


def _write_tokenizer(folder: Path, vocabulary: dict[str, int]) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=128, unk_token="[UNK]", pad_token="[PAD]",
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    ).save_pretrained(folder)  # fmt: skip
