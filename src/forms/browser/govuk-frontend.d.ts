/** The parts of the design system's scripts that we use; the package brings no types. */
declare module 'govuk-frontend' {
  class Component {
    constructor(root: Element | null);
    static moduleName: string;
  }
  export class Button extends Component {}
  export class CharacterCount extends Component {}
  export class Checkboxes extends Component {}
  export class ErrorSummary extends Component {}
  export class ExitThisPage extends Component {
    exitPage(): void;
  }
  export class NotificationBanner extends Component {}
  export class Radios extends Component {}
  export class SkipLink extends Component {}
}
