/** `<letterbox-filter>`: finds one of many checkboxes by what is written beside it; what is chosen always stays in sight. */
import { make } from '../../web/browser/ask.ts';

const FEW = 12;

class FilterElement extends HTMLElement {
  connectedCallback(): void {
    const items = [...this.querySelectorAll<HTMLElement>('.govuk-checkboxes__item')];
    if (items.length <= FEW) return;
    const input = make('input', { class: 'govuk-input', id: 'filter', type: 'search', autocomplete: 'off' });
    const status = make('p', { class: 'govuk-hint', role: 'status' });
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/);
      const found = items.filter((item) =>
        words.every((word) => item.textContent.toLowerCase().includes(word)),
      );
      for (const item of items) item.hidden = !found.includes(item) && !isChosen(item);
      status.textContent = `${found.length} of ${items.length} shown`;
    };
    input.addEventListener('input', show);
    const label = make('label', { class: 'govuk-label', for: 'filter' }, 'Find somebody');
    this.prepend(make('div', { class: 'govuk-form-group' }, label, input, status));
  }
}

const isChosen = (item: HTMLElement): boolean => item.querySelector('input')?.checked ?? false;

customElements.define('letterbox-filter', FilterElement);
