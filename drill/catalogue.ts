/** The catalogue of single mistakes: each line one slip by one person. Numbers are those of the design. */

export type Mistake = {
  readonly n: number;
  readonly by:
    | 'staff'
    | 'managers'
    | 'host'
    | 'developers'
    | 'database'
    | 'infrastructure'
    | 'mail'
    | 'browser'
    | 'publication';
  readonly mistake: string;
  /** Why it is no case of the drill: its part of the product is not built, or the drill does not make it yet. */
  readonly notDrilled?: string;
};

const by = (
  who: Mistake['by'],
  ...lines: readonly (readonly [n: number, mistake: string, notDrilled?: string])[]
): Mistake[] =>
  lines.map(([n, mistake, notDrilled]) => ({ n, by: who, mistake, ...(notDrilled && { notDrilled }) }));

const NO_REPLY = 'Replies are words only: nothing can be attached to them yet.';
const NO_EXPORT = 'Taking answers out of the desk is not built yet.';
const NO_STORE = 'Attachments lie in the database only; no object store is built in.';

export const CATALOGUE: readonly Mistake[] = [
  ...by(
    'staff',
    [1, 'Access is given to everyone instead of four people'],
    [2, 'Access is given to a group, a domain or a link'],
    [3, 'Access is given to a namesake outside the organisation'],
    [4, 'The right person is given the wrong form'],
    [5, 'Somebody who left is never taken off'],
    [6, 'One person with two accounts approves their own request'],
    [7, 'A case’s address is pasted into a public chat'],
    [8, 'An export’s address is passed on', NO_EXPORT],
    [9, 'A document of one case is attached to the reply in another', NO_REPLY],
    [10, 'Everybody who fills in a form is shown what others answered'],
  ),
  ...by(
    'managers',
    [11, '“Public” is taken for “may be filled in by anybody”'],
    [12, 'A rule is saved with nothing in it'],
    [13, 'A front-line account of the database is made superuser'],
    [14, 'A public folder of pictures is used for uploads, too'],
    [15, 'An account for a test is left in the live system'],
    [16, 'Approvals are cut down to one'],
    [17, 'Watch is switched off'],
    [18, 'The live data are copied to an open site for trying things'],
    [19, 'A form that is brought in from elsewhere carries access with it'],
  ),
  ...by(
    'host',
    [20, 'A proxy keeps pages of people who are signed in'],
    [21, 'A case’s address with .css behind it is kept by a proxy'],
    [22, 'A dump of the database lies in the web root'],
    [23, 'The database’s port is open to all'],
    [24, 'The wrong host name leads to the desk'],
    [25, 'A header in which a visitor says who they are is believed'],
    [26, 'A page for debugging is on'],
    [27, 'A proxy’s log records what people send'],
    [28, 'A backup is lost'],
    [29, 'An old image of the machine is started again'],
    [30, 'An old backup is put back: what was revoked is there again'],
    [31, 'The clock is a year wrong'],
  ),
  ...by(
    'developers',
    [32, 'A new page is added without a check'],
    [33, 'The page is checked, and its data are not'],
    [34, 'Another case’s number is written into the address'],
    [35, 'A condition is inverted'],
    [36, 'An answer carries more than the page shows'],
    [37, 'What is typed stays in the browser’s storage'],
    [38, 'Somebody else’s script runs on the form'],
    [39, 'A reporter of errors sends away what was on the page'],
    [40, 'A switch shows the desk to strangers'],
    [41, 'A script is swapped on its way'],
    [42, 'Access ends while something is being downloaded'],
  ),
  ...by(
    'database',
    [43, 'A right is granted to PUBLIC'],
    [44, 'A new table is not closed'],
    [45, 'A view reads with its owner’s rights'],
    [46, 'A setting is left on a role'],
    [47, 'Statements are logged'],
    [48, 'Lines of the register are deleted'],
    [49, 'A wrong WHERE swaps what two people wrote'],
  ),
  ...by(
    'infrastructure',
    [50, 'A bucket is public, or an address is signed for ever', NO_STORE],
    [51, 'A lapsed name is taken over by somebody else'],
    [52, 'A log server, a queue or a relay is open'],
    [53, 'A second, older node still answers'],
    [54, 'Secrets stand in the environment or in what a program says'],
  ),
  ...by(
    'mail',
    [55, 'A notice goes to the wrong address'],
    [56, 'Addresses stand in cc instead of bcc'],
    [57, 'A mail is forwarded, or recalled'],
    [58, 'A mail merge is off by one row'],
  ),
  ...by(
    'browser',
    [59, 'A form is filled in on a shared computer and left'],
    [60, 'A reader’s laptop is lost'],
  ),
  ...by(
    'publication',
    [61, 'A spreadsheet is published with what nobody sees in it', NO_EXPORT],
    [62, 'Something is withdrawn by unlinking it, and still answers'],
  ),
];
