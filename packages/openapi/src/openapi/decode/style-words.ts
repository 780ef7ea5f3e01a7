import type { Shape, Style } from '../plan.ts';
import { kindsOf } from './read-field.ts';

interface Styled {
  readonly name: string;
  readonly style: Style;
  readonly explode: boolean;
  readonly shape: Shape;
}

const NAME_MAX = 60;

/** How a value is written in its style, with `key` and `value` for what stands there. */
export function styleInWords({ name, style, explode, shape }: Styled): string {
  const label = name.length > NAME_MAX ? `${name.slice(0, NAME_MAX)}…` : name;
  const forms = kindsOf(shape).map((kind) => {
    switch (kind) {
      case 'text':
        return textOf(style, label);
      case 'list':
        return listOf(style, explode, label, shape);
      case 'map':
        return mapOf(style, explode, label);
      default:
        return kind satisfies never;
    }
  });
  return `the style ${style}: ${forms.join(' or ')}`;
}

function textOf(style: Style, name: string): string {
  if (style === 'label') return '.value';
  if (style === 'matrix') return `;${name}=value`;
  return style === 'simple' ? 'value' : `${name}=value`;
}

function listOf(style: Style, explode: boolean, name: string, shape: Shape): string {
  switch (style) {
    case 'simple':
      return 'value,value';
    case 'label':
      return explode ? '.value.value' : '.value,value';
    case 'matrix':
      return explode ? `;${name}=value;${name}=value` : `;${name}=value,value`;
    case 'spaceDelimited':
      return explode ? `${name}=value&${name}=value` : `${name}=value%20value`;
    case 'pipeDelimited':
      return explode ? `${name}=value&${name}=value` : `${name}=value|value`;
    case 'cookie':
      return explode ? `${name}=value; ${name}=value` : `${name}=value,value`;
    case 'deepObject':
      return itemForms(shape, name, '&').join(' or ');
    case 'form':
      return explode ? `${name}=value&${name}=value` : `${name}=value,value`;
    default:
      return style satisfies never;
  }
}

function mapOf(style: Style, explode: boolean, name: string): string {
  const pairs = (between: string) => `key=value${between}key=value`;
  switch (style) {
    case 'simple':
      return explode ? pairs(',') : 'key,value,key,value';
    case 'label':
      return explode ? `.${pairs('.')}` : '.key,value,key,value';
    case 'matrix':
      return explode ? `;${pairs(';')}` : `;${name}=key,value,key,value`;
    case 'spaceDelimited':
      return `${name}=key%20value%20key%20value`;
    case 'pipeDelimited':
      return `${name}=key|value|key|value`;
    case 'deepObject':
      return `${name}[key]=value`;
    case 'cookie':
      return explode ? pairs('; ') : `${name}=key,value,key,value`;
    case 'form':
      return explode ? pairs('&') : `${name}=key,value,key,value`;
    default:
      return style satisfies never;
  }
}

/** How items are written in brackets, by what they are. */
function itemForms({ items = { types: null } }: Shape, name: string, between: string): string[] {
  return kindsOf(items).map((kind) => {
    if (kind === 'map') return `${name}[0][key]=value`;
    return kind === 'list' ? `${name}[0][]=value` : `${name}[]=value${between}${name}[]=value`;
  });
}

/** What may follow a name within brackets, where what came is something else. */
export function bracketsInWords(shape: Shape): string {
  const kinds = kindsOf(shape);
  const forms = kinds.map((kind) => {
    switch (kind) {
      case 'text':
        return kinds.length === 1
          ? TEXT_ALONE
          : 'a value, and nothing in brackets behind this name';
      case 'list':
        return `for a list, behind this name ${itemForms(shape, '', ' ').join(' or ')}: [] each time, or [0], [1] … from 0 without a gap`;
      case 'map':
        return '[key]=value behind this name, with a key that is described there';
      default:
        return kind satisfies never;
    }
  });
  return forms.join('; or ');
}

const TEXT_ALONE = 'a value here, and no [key] behind it: this is not described as an object';
