-- The whole UID in a second index took 131 bytes of an instance's 500: devices count at the end of it, so that entries
-- come in ascending runs in the midst of the index and leave its pages half empty. Without the last two characters
-- up to a hundred neighbours share one entry (deduplication): 22 bytes. A search gives both, this and the whole UID.
drop index instance_sop;
create index instance_sop on instance (left(sop_uid, -2));
