-- What a post pays for its place in the tree. A leaf is written by register_sequence alone, out of the entry
-- itself, and nothing ever changes or removes either (append_only): that the entry exists needs no second proof,
-- and the proof locked the entry's row and the organisation's for every leaf: two thirds of the sequencer's work.
alter table register_leaf drop constraint register_leaf_entry_fkey, drop constraint register_leaf_organisation_fkey;
