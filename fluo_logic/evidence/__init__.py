"""Evidence by control: what traces show of the controls that rules name, certified, for those who have to keep it."""
