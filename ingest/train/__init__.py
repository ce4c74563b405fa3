"""Fine-tuning: labelled products to a model folder."""
