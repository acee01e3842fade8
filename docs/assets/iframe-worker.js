// A page that is opened as a file may start no worker. There, search runs in a hidden frame that takes a worker's place.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super()
      this.waiting = []
      const frame = document.createElement("iframe")
      frame.hidden = true
      const start = () => {
        document.body.append(frame)
        this.inner = frame.contentWindow
        this.inner.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
        this.inner.importScripts = (...urls) => urls.reduce((before, one) => before.then(() => this.load(one)), Promise.resolve())
        this.load(url).then(() => {
          this.ready = true
          this.waiting.forEach(data => this.postMessage(data))
        })
      }
      document.body ? start() : addEventListener("DOMContentLoaded", start)
    }
    load(url) {
      return new Promise((resolve, reject) => {
        const script = this.inner.document.createElement("script")
        script.src = new URL(url, location.href).href
        script.onload = resolve
        script.onerror = reject
        this.inner.document.body.append(script)
      })
    }
    postMessage(data) {
      if (this.ready) this.inner.dispatchEvent(new MessageEvent("message", { data }))
      else this.waiting.push(data)
    }
    terminate() {
      this.inner?.frameElement.remove()
    }
  }
  window.Worker = window.IFrameWorker
}
