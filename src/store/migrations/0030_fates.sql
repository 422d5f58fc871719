-- What became of a message is its fate; a mark is what a canary carries. A right to call a function goes with it when it is renamed.
alter function mark_messages(uuid, text, text[], text) rename to keep_fates;
