/**
 * The oracle of the access matrix: what the four walls promise about each door, told from the cast alone. It looks at no
 * code of the product, so that a door and its oracle cannot be wrong in the same way.
 */
import type { Principal } from './matrix-cast.testing.ts';
import {
  type About,
  act,
  can,
  colleague,
  FORMS,
  isForm,
  isLive,
  isName,
  isSelf,
  managers,
  named,
  own,
  ownForm,
  ownOrNone,
  type Rule,
  reader,
  readsCase,
  type Sent,
  sees,
  seesEverybody,
  signedIn,
  type Verdict,
  wasLetRead,
} from './matrix-rules.testing.ts';

const open: Rule = () => 'any';
const shown: Rule = () => 'yes';
const taken: Rule = (_who, { organisation, form }) =>
  organisation?.of && FORMS[organisation.of].open.includes(form?.id ?? '') ? 'yes' : 'absent';

const SLOT: Readonly<Record<string, Rule>> = {
  'GET slot /healthz': shown,
  'GET slot /assets/*': (_who, about) => (isName(about['*']) ? 'yes' : 'any'),
  'GET slot /': shown,
  // None of its forms is for data problems.
  'GET slot /.well-known/security.txt': () => 'absent',
  'GET slot /about': shown,
  'GET slot /:organisation/:form': taken,
  'GET slot /:organisation/:form/fill': taken,
  'POST slot /:organisation/:form/fill': open,
  'POST slot /:organisation/:form/cases': open,
  'PUT slot /:organisation/:form/cases/:case/attachments/:attachment/:n': open,
  'GET slot /receipt': shown,
  'POST slot /receipt': open,
  'POST slot /receipt/messages': open,
  'POST slot /receipt/proof': open,
};

const PEOPLE: Readonly<Record<string, Rule>> = {
  'GET desk /healthz': shown,
  'GET desk /assets/*': (_who, about) => (isName(about['*']) ? 'yes' : 'any'),
  'GET desk /demonstration': () => 'absent',
  'GET desk /sign-in': shown,
  'POST desk /sign-in/passkey/start': open,
  'POST desk /sign-in/passkey': open,
  'POST desk /sign-in/passphrase/start': open,
  'POST desk /sign-in/passphrase': open,
  'GET desk /join/:secret': (_who, { secret }) => (secret?.name === 'an invitation' ? 'yes' : 'absent'),
  'POST desk /join/:secret': () => 'no',
  'POST desk /join/:secret/passkey': open,
  'POST desk /join/:secret/passphrase': open,
  'POST desk /sign-out': () => 'sent on',
  'GET desk /locked': shown,
  'GET desk /session/kept': signedIn(() => 'yes'),
  'PUT desk /session/kept': signedIn((_who, _about, sent) => (sent === 'nothing' ? 'no' : 'yes')),
  'POST desk /session/stay': signedIn(() => 'yes'),
  // Whoever waits for being confirmed has to verify everybody first.
  'GET desk /documents': signedIn(() => 'yes'),
  'GET desk /people': signedIn(() => 'yes'),
  'GET desk /people/invite': signedIn(() => 'yes'),
  // It names a caseworker, and the host has none.
  'POST desk /people/invite': act((who) => can(who, 'manager') && who.body !== 'host'),
  'GET desk /people/:person/confirm': own('person'),
  'POST desk /people/:person/confirm': managers(
    ({ person }) => person,
    (it) => named(it, 'somebody waiting'),
  ),
  'GET desk /people/:person/leaving': own('person'),
  'POST desk /people/:person/leaving': act(
    (who, { person }) =>
      person !== undefined &&
      sees(who, person) &&
      !named(person, 'somebody waiting') &&
      (can(who, 'manager') || isSelf(who, person)),
  ),
  'GET desk /people/:person/suspension': own('person'),
  'POST desk /people/:person/suspension': managers(
    ({ person }) => person,
    (it) => named(it, 'a colleague'),
  ),
  'GET desk /people/:person/resumption': own('person'),
  'POST desk /people/:person/resumption': managers(
    ({ person }) => person,
    (it) => named(it, 'somebody suspended'),
  ),
  'GET desk /people/:person/training': own('person'),
  'POST desk /people/:person/training': managers(
    ({ person }) => person,
    (it) => !named(it, 'somebody waiting'),
  ),
  'GET desk /training': colleague(),
  'POST desk /training': colleague((_who, _about, sent) => (sent === 'own' ? 'yes' : 'no')),
  'POST desk /training/record': act((who) => who.confirmed),
  'GET desk /away': ownOrNone('person'),
  'POST desk /away': act(
    (who, { person }) =>
      person !== undefined && sees(who, person) && (can(who, 'manager') || isSelf(who, person)),
  ),
  // The leave is that of the reader of the form.
  'POST desk /away/:away/forget': signedIn((who, { away }) =>
    sees(who, away) && (can(who, 'manager') || who.name === 'a reader of the form') ? 'yes' : 'no',
  ),
};

/** For whoever runs the site; to the people of bodies it is not there. */
const operators = (rule: Rule = () => 'yes'): Rule =>
  signedIn((who, about, sent) => (who.body === 'host' ? rule(who, about, sent) : 'absent'));
const HOST: Readonly<Record<string, Rule>> = {
  'GET desk /host': operators(),
  'GET desk /host/bodies/invite': operators(),
  'POST desk /host/bodies/invite': operators((_who, _about, sent) => (sent === 'own' ? 'yes' : 'no')),
};

const ACCESS: Readonly<Record<string, Rule>> = {
  'GET desk /access': colleague(),
  'GET desk /access/propose': colleague(),
  'POST desk /access/propose': managers(
    ({ case: of }) => of,
    ({ name }) => name === 'the case',
  ),
  'GET desk /access/reviews': colleague(),
  'GET desk /access/opened': signedIn((who, { person }) => {
    if (person === undefined) return 'no';
    if (!can(who, 'manager')) return 'refused';
    return sees(who, person) ? 'yes' : 'absent';
  }),
  'GET desk /access/history': colleague(),
  // What is wrong with the question is told by the page.
  'GET desk /access/history.csv': colleague((who, { form, case: of, person }) => {
    const everybody = seesEverybody(who);
    const fits =
      (form === undefined || isForm(who, form)) &&
      (of === undefined || (everybody ? sees(who, of) : readsCase(who, of) || wasLetRead(who, of))) &&
      (person === undefined ||
        (everybody ? sees(who, person) && !named(person, 'somebody waiting') : isSelf(who, person)));
    return fits ? 'yes' : 'sent on';
  }),
  'GET desk /forms/:form/access': ownForm,
  'GET desk /proposals/:proposal': own('proposal'),
  'POST desk /proposals/:proposal/approve': managers(({ proposal }) => proposal),
  'GET desk /proposals/:proposal/withdraw': own('proposal'),
  'POST desk /proposals/:proposal/withdraw': managers(({ proposal }) => proposal),
  'GET desk /grants/end': signedIn((who, about, sent) =>
    about.grant ? own('grant')(who, about, sent) : 'no',
  ),
  'POST desk /grants/end': managers(({ grant }) => grant, isLive),
  'POST desk /grants/review': managers(({ grant }) => grant, isLive),
  // Handing over what one holds oneself, to somebody else whose grant is in force.
  'POST desk /grants/fulfil': act(
    (who, { grant }) =>
      (who.name === 'a reader of the form' && grant?.name === "the adviser's grant") ||
      (who.name === 'a reader of another body' && grant?.name === "their first reader's grant"),
  ),
  'GET desk /forms/:form/key': ownForm,
  // Both forms have their key already.
  'POST desk /forms/:form/key': act(() => false),
  'POST desk /forms/:form/key/approval': act(() => false),
  'POST desk /forms/:form/key/turn': act(
    (who, { form }) => who.name === 'a reader of the form' && form?.id === 'review',
  ),
  'GET desk /keys': colleague(),
  'GET desk /waiting': colleague(),
};

const RECOVERY: Readonly<Record<string, Rule>> = {
  'GET desk /recovery': colleague(),
  'GET desk /recovery/rehearsal': colleague(),
  'POST desk /recovery/rehearsal': act(
    (who) => who.body === 'exampleshire' && can(who, 'manager', 'keyholder'),
  ),
  'GET desk /recovery/begin': colleague((who) => (can(who, 'manager') ? 'yes' : 'refused')),
  // One is under way already, and its keyholders have consented; the keys were given to nobody yet.
  'POST desk /recovery/begin': act(() => false),
  'GET desk /recovery/:recovery': own('recovery'),
  'POST desk /recovery/:recovery/consent': act(() => false),
  'POST desk /recovery/:recovery/end': managers(({ recovery }) => recovery),
  'POST desk /recovery/:recovery/envelopes': colleague((who, { recovery }) =>
    !sees(who, recovery) ? 'absent' : can(who, 'manager', 'keyholder') ? 'yes' : 'refused',
  ),
  'POST desk /recovery/:recovery/hand-over': act(() => false),
};

/** What is sealed is looked at before anybody is asked who may read the case. */
const taking = (rule: Rule): Rule =>
  signedIn((who, about, sent) => (sent === 'own' ? rule(who, about, sent) : 'no'));

const CASES: Readonly<Record<string, Rule>> = {
  'GET desk /': signedIn((who) => (who.confirmed ? 'yes' : 'sent on')),
  'GET desk /forms/:form/cases': colleague((who, { form, before }) => {
    const some =
      isForm(who, form) && who.reads.some((right) => ('form' in right ? right.form : 'review') === form?.id);
    const after =
      before === undefined || !before.wellFormed || (readsCase(who, before) && before.form === form?.id);
    return some && after ? 'yes' : 'absent';
  }),
  'GET desk /cases/:case': reader('case'),
  'POST desk /cases/:case/release': reader('case'),
  'GET desk /cases/:case/attachments/:attachment': signedIn((who, about, sent) =>
    about.case?.name === about.attachment?.case
      ? reader('case', 'attachment')(who, about, sent)
      : who.confirmed
        ? 'absent'
        : 'refused',
  ),
  'GET desk /cases/:case/openings': reader('case'),
  'POST desk /cases/:case/messages': taking(reader('case')),
  'POST desk /cases/:case/receipt': taking(reader('case')),
  'POST desk /cases/:case/state': taking(reader('case')),
  'POST desk /cases/:case/assignment': reader('case'),
  'GET desk /due': colleague(),
  // No mail relay is set up there.
  'POST desk /cases/:case/messages/told': signedIn(() => 'no'),
  'GET desk /register': colleague(),
  'GET desk /register/download': colleague(),
  'GET desk /cases/:case/proof': reader('case'),
};

/** Somebody who looks after alarms; Watch itself, whose reports and plants nobody else makes. */
const minder = (rule: Rule): Rule =>
  colleague((who, about, sent) =>
    can(who, 'manager', 'data-protection-officer') || who.body === 'host'
      ? rule(who, about, sent)
      : 'refused',
  );
const watchOnly = (rule: Rule = (_who, _about, sent) => (sent === 'own' ? 'yes' : 'no')): Rule =>
  signedIn((who, about, sent) => (can(who, 'watch') ? rule(who, about, sent) : 'no'));
const ALARM: Readonly<Record<string, Rule>> = {
  'GET desk /watch': signedIn((who) => (who.confirmed ? 'yes' : 'sent on')),
  'GET desk /watch/invite': signedIn(() => 'yes'),
  'POST desk /watch/invite': signedIn((who, _about, sent) =>
    sent !== 'nothing' && (can(who, 'manager') || (who.body === 'host' && can(who, 'operator')))
      ? 'yes'
      : 'no',
  ),
  'GET desk /watch/duty': colleague((who) => (can(who, 'watch') ? 'yes' : 'refused')),
  'POST desk /watch/report': watchOnly((_who, _about, sent) => (sent === 'nothing' ? 'no' : 'yes')),
  'POST desk /watch/canaries': watchOnly((_who, _about, sent) => (sent === 'nothing' ? 'no' : 'yes')),
  'POST desk /watch/canaries/retired': watchOnly((_who, _about, sent) => (sent === 'nothing' ? 'no' : 'yes')),
  'POST desk /watch/rehearsals': watchOnly((_who, _about, sent) => (sent === 'nothing' ? 'no' : 'yes')),
  'POST desk /watch/rehearsals/:rehearsal/found': watchOnly((who, { rehearsal }) =>
    sees(who, rehearsal) ? 'yes' : 'no',
  ),
  'POST desk /alarms/:alarm/acknowledge': minder((who, { alarm }) =>
    sees(who, alarm) ? 'sent on' : 'absent',
  ),
  'GET desk /forms/:form/quarantine': ownForm,
  'POST desk /forms/:form/quarantine': signedIn((who, { form }, sent) =>
    sent !== 'nothing' && can(who, 'manager', 'data-protection-officer') && isForm(who, form)
      ? 'sent on'
      : 'no',
  ),
  'GET desk /quarantines/:quarantine': own('quarantine'),
  'POST desk /quarantines/:quarantine': managers(({ quarantine }) => quarantine),
};

/** A manager or a data protection officer, about an incident of their own body. */
const worksOn = (rule: Rule): Rule =>
  colleague((who, about, sent) => {
    if (!can(who, 'manager', 'data-protection-officer')) return 'refused';
    return sees(who, about.incident) ? rule(who, about, sent) : 'absent';
  });
const INCIDENTS: Readonly<Record<string, Rule>> = {
  'GET desk /incidents': signedIn((who) => (who.confirmed ? 'yes' : 'sent on')),
  'GET desk /incidents/new': signedIn((who) => (who.confirmed ? 'yes' : 'sent on')),
  'POST desk /incidents': signedIn((who, _about, sent) => {
    if (!who.confirmed) return 'sent on';
    if (sent === 'nothing' || can(who, 'watch')) return 'no';
    return can(who, 'manager', 'data-protection-officer') ? 'sent on' : 'yes';
  }),
  'GET desk /incidents/:incident': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/exposure': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/people': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/report': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/report.pdf': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/whole.json': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/whole.pdf': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/notice': worksOn(() => 'yes'),
  'GET desk /incidents/:incident/notice.csv': worksOn(() => 'yes'),
  // What is sent does not fit its list.
  'POST desk /incidents/:incident/notice': worksOn(() => 'no'),
  // No mail goes out here.
  'POST desk /incidents/:incident/notice/send': worksOn(() => 'no'),
  'POST desk /incidents/:incident/notice/undelivered': worksOn(() => 'absent'),
  'POST desk /incidents/:incident/notice/fate': worksOn((_who, _about, sent) =>
    sent === 'nothing' ? 'no' : 'yes',
  ),
  'POST desk /incidents/:incident/notice/steer': worksOn((_who, _about, sent) =>
    sent === 'nothing' ? 'no' : 'sent on',
  ),
  'GET desk /incidents/register.csv': colleague((who) =>
    can(who, 'manager', 'data-protection-officer') ? 'yes' : 'refused',
  ),
  'GET desk /incidents/:incident/steps/:step': worksOn((_who, { step }) =>
    step?.wellFormed ? 'yes' : 'absent',
  ),
  'POST desk /incidents/:incident/steps/:step': worksOn((_who, { step }, sent) => {
    if (!step?.wellFormed) return 'absent';
    return sent === 'nothing' ? 'no' : 'sent on';
  }),
};

const readsItsForm = (who: Principal) => who.reads.some((each) => 'form' in each && each.form === 'review');
/** Whoever reads the cases that a notice is about may be asked to agree to it, whatever else they are. */
const party = (rule: (who: Principal) => Verdict): Rule =>
  colleague((who, { notice }) =>
    sees(who, notice) && (can(who, 'manager', 'data-protection-officer') || readsItsForm(who))
      ? rule(who)
      : 'absent',
  );
const NOTICES: Readonly<Record<string, Rule>> = {
  'GET desk /notices/:notice': party(() => 'yes'),
  'GET desk /notices/:notice/rows': party(() => 'yes'),
  'POST desk /notices/:notice/list': party((who) => (readsItsForm(who) ? 'yes' : 'absent')),
  // Two agreed on it already.
  'POST desk /notices/:notice/approve': party(() => 'no'),
};

const RULES: Readonly<Record<string, Rule>> = {
  ...SLOT,
  ...PEOPLE,
  ...HOST,
  ...ACCESS,
  ...RECOVERY,
  ...CASES,
  ...ALARM,
  ...INCIDENTS,
  ...NOTICES,
};

/** The doors that are there for whoever runs the site: those for everybody, their own, and those about people and the register. */
const THERE_FOR_THE_HOST: ReadonlySet<string> = new Set([
  ...Object.keys(SLOT),
  ...Object.keys(PEOPLE).filter((door) => !/\/(training|away)/.test(door)),
  ...Object.keys(HOST),
  ...['GET desk /register', 'GET desk /register/download'],
  ...Object.keys(ALARM).filter((door) => !/quarantine/.test(door)),
]);

/** What must come of it. @throws where the matrix has no word for the door */
export function verdictOn(door: string, who: Principal, about: About, sent: Sent): Verdict {
  const rule = RULES[door];
  if (!rule)
    throw new Error(`The access matrix does not say who gets what at ${door}: add a rule to its oracle.`);
  return who.body === 'host' && !THERE_FOR_THE_HOST.has(door) ? 'absent' : rule(who, about, sent);
}
export const RULED: readonly string[] = Object.keys(RULES);
