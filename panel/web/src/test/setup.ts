import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// jsdom has no layout and no canvas: components get fixed sizes and draw into nothing.
class FixedResizeObserver {
  constructor(private readonly notify: ResizeObserverCallback) {}
  observe(target: Element): void {
    const rect = { width: 800, height: 400 } as DOMRectReadOnly
    this.notify([{ target, contentRect: rect } as ResizeObserverEntry], this as unknown as ResizeObserver)
  }
  unobserve(): void {}
  disconnect(): void {}
}

class EverythingVisible {
  constructor(private readonly notify: IntersectionObserverCallback) {}
  observe(target: Element): void {
    this.notify([{ target, isIntersecting: true } as IntersectionObserverEntry], this as unknown as IntersectionObserver)
  }
  unobserve(): void {}
  disconnect(): void {}
}

const matchMedia = (query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} })

configure({ asyncUtilTimeout: 8000 }) // a loaded machine may need it to load a page

Object.assign(globalThis, { ResizeObserver: FixedResizeObserver, IntersectionObserver: EverythingVisible })
Object.assign(window, { matchMedia })
Range.prototype.getClientRects = () => [] as unknown as DOMRectList
Range.prototype.getBoundingClientRect = () => new DOMRect()
HTMLCanvasElement.prototype.getContext = (() => null) as typeof HTMLCanvasElement.prototype.getContext
Element.prototype.scrollIntoView = () => {}
Element.prototype.hasPointerCapture = () => false
Element.prototype.setPointerCapture = () => {}
Element.prototype.releasePointerCapture = () => {}

afterEach(() => {
  cleanup()
  localStorage.clear()
  sessionStorage.clear()
})
