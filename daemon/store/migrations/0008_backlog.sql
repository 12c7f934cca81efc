-- What was told in company: the notice that told a folded delivery. Nothing that was folded before is told of any more.
ALTER TABLE deliveries ADD COLUMN told_in INTEGER;
UPDATE deliveries SET told_in = 0 WHERE phase = 'folded';
CREATE INDEX deliveries_untold ON deliveries (channel) WHERE phase = 'folded' AND told_in IS NULL;

-- The outcomes of tries have the names that channels declare.
UPDATE attempts SET outcome = 'sent' WHERE outcome = 'taken';
